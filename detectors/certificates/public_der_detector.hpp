// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Certificate requests, revocation lists, OCSP responses and public keys (SubjectPublicKeyInfo, and RSAPublicKey with the exponent
/// 65,537) in DER, anywhere in any file. A key that is part of a certificate or request is not reported again. Because a public key has
/// no internal proof, it is reported only if its numbers are plausible: a point on its curve, a modulus without small factors.
class PublicDerDetector final : public Detector {
 public:
  std::string_view name() const override { return "public-der"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
