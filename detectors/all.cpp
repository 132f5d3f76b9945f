// SPDX-License-Identifier: Apache-2.0
#include "detectors/all.hpp"

#include "detectors/certificate_detector.hpp"
#include "detectors/encoded_text_detector.hpp"
#include "detectors/private_key_detector.hpp"
#include "detectors/public_asset_detector.hpp"
#include "detectors/public_der_detector.hpp"
#include "detectors/signed_data_detector.hpp"

namespace landwaiter::detectors {

std::vector<std::unique_ptr<const Detector>> make_all_detectors(const DetectorContext& context) {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<CertificateDetector>());
  detectors.push_back(std::make_unique<EncodedTextDetector>());
  detectors.push_back(std::make_unique<PrivateKeyDetector>(context));
  detectors.push_back(std::make_unique<PublicAssetDetector>());
  detectors.push_back(std::make_unique<PublicDerDetector>());
  detectors.push_back(std::make_unique<SignedDataDetector>());
  return detectors;
}

}  // namespace landwaiter::detectors
