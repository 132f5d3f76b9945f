// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Signatures and encrypted messages of CMS and PKCS #7: in DER anywhere in any file, so also those in JAR (META-INF/*.RSA), in PE
/// (Authenticode) and after kernel modules; in PEM ("PKCS7", "CMS", also the wrong label "PKCS #7 SIGNED DATA"). APK Signing Blocks. BER
/// with indefinite lengths is reported but not read. `container` says what the signature belongs to, null if unknown.
class SignedDataDetector final : public Detector {
 public:
  std::string_view name() const override { return "signed-data"; }
  int version() const override { return 2; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
