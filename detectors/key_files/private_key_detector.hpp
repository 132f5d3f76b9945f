// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Private keys: RSA, DSA, DH, EC, Ed25519, Ed448, X25519, X448, ML-DSA, ML-KEM, SLH-DSA and composites in PKCS#1, SEC1, PKCS#8 plain and
/// encrypted, OpenSSL's traditional encryption and OpenSSH's format; in PEM, and in DER anywhere in any file. DER is reported only if its
/// numbers are consistent, which excludes data that happens to look like a key. Nothing private is reported: the identity is the public
/// half's digest, or a keyed hash of the ciphertext.
class PrivateKeyDetector final : public Detector {
 public:
  std::string_view name() const override { return "private-key"; }
  int version() const override { return 7; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;

 private:
  void inspect_pem(const Window& window, const Hit& hit, FindingSink& sink) const;
  void inspect_der(const Window& window, const Hit& hit, FindingSink& sink) const;
};

}  // namespace landwaiter::detectors
