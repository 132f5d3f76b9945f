// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Public keys and certificates of SSH in text (authorized_keys, known_hosts, *.pub, and anywhere else), RFC 4716's files, private keys
/// of SSH-1, lists of revoked keys. A key in text is reported if its blob parses to the end and names the type before it; it has the
/// identity of its private key. OpenSSH's own private keys are left to PrivateKeyDetector.
class SshDetector final : public Detector {
 public:
  std::string_view name() const override { return "ssh"; }
  int version() const override { return 2; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
