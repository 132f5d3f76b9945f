// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// OpenPGP keys, public and private, each primary key and subkey a finding: armored, as binary packets anywhere in any file, in GnuPG's
/// keybox; and the private keys of GnuPG's agent. Raw packets are accepted as a key if the primary key can be read to its last byte and
/// something that belongs to a key follows. Private keys have the same identity as in any other format.
class OpenPgpDetector final : public Detector {
 public:
  std::string_view name() const override { return "openpgp"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;

 private:
  void inspect_armor(const Window& window, const Hit& hit, FindingSink& sink) const;
  void inspect_rsa_packets(const Window& window, const Hit& hit, FindingSink& sink) const;
  bool inspect_packet(const Window& window, std::size_t version, FindingSink& sink) const;
  void inspect_keybox(const Window& window, const Hit& hit, FindingSink& sink) const;
  void inspect_agent_key(const Window& window, const Hit& hit, FindingSink& sink) const;
};

}  // namespace landwaiter::detectors
