// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/detector.hpp"

namespace landwaiter::detectors {

/// Keystores: JKS, JCEKS, BKS, UBER, BCFKS, PKCS #12. Lists what each leaves readable without its password. The certificates and
/// encrypted keys inside are found by their own detectors, too; here they are named by their digest.
class KeystoreDetector final : public Detector {
 public:
  std::string_view name() const override { return "keystore"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
