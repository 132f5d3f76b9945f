// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Keys in program-specific formats: PuTTY, age, signify and minisign, WireGuard, DNSSEC and TSIG, cosign, Ansible Vault, Tink, TUF,
/// KeePass, Kerberos key tables, Microsoft's CryptoAPI. Each has its own reader, which ignores lookalikes. An unencrypted key has
/// severity high, an encrypted one medium; the key itself is never reported.
class KeyFileDetector final : public Detector {
 public:
  std::string_view name() const override { return "key-file"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
