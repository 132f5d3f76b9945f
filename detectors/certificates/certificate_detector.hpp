// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// X.509 certificates: in PEM ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"), and in DER anywhere in any file, so also inside
/// keystores, signatures and programs, unless compressed or encrypted.
class CertificateDetector final : public Detector {
 public:
  std::string_view name() const override { return "certificate"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
