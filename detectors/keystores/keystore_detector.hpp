// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Keystores: JKS, JCEKS, BKS, UBER, BCFKS, PKCS #12, NSS databases, keychains, IBM's key databases. Lists what is readable without the
/// password; tries well-known passwords and lists everything if one matches. Certificates and encrypted keys outside encrypted parts are
/// also found by their own detectors; here they are named by their digest.
class KeystoreDetector final : public Detector {
 public:
  explicit KeystoreDetector(DetectorContext context) : context_(std::move(context)) {}
  std::string_view name() const override { return "keystore"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;

 private:
  DetectorContext context_;
};

}  // namespace landwaiter::detectors
