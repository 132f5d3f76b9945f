// SPDX-License-Identifier: Apache-2.0
#include "detectors/all.hpp"

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "detectors/certificate_detector.hpp"
#include "detectors/private_key_detector.hpp"
#include "detectors/public_asset_detector.hpp"

namespace landwaiter::detectors {

std::vector<std::unique_ptr<const Detector>> make_all_detectors(const DetectorContext& context) {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<CertificateDetector>());
  detectors.push_back(std::make_unique<PrivateKeyDetector>(context));
  detectors.push_back(std::make_unique<PublicAssetDetector>());
  return detectors;
}

std::string keyed_id(const DetectorContext& context, ByteView bytes) {
  return "hmac-sha256:" + hex_encode(hmac_sha256(as_bytes(context.identity_key.reveal()), bytes));
}

}  // namespace landwaiter::detectors
