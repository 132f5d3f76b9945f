// SPDX-License-Identifier: Apache-2.0
#include "detectors/all.hpp"

#include "detectors/certificate_detector.hpp"
#include "detectors/crypto_configuration_detector.hpp"
#include "detectors/crypto_library_detector.hpp"
#include "detectors/encoded_text_detector.hpp"
#include "detectors/jose_detector.hpp"
#include "detectors/key_file_detector.hpp"
#include "detectors/keystore_detector.hpp"
#include "detectors/openpgp_detector.hpp"
#include "detectors/private_key_detector.hpp"
#include "detectors/public_asset_detector.hpp"
#include "detectors/public_der_detector.hpp"
#include "detectors/rust_crate_detector.hpp"
#include "detectors/signed_data_detector.hpp"
#include "detectors/ssh_detector.hpp"

namespace landwaiter::detectors {

std::vector<std::unique_ptr<const Detector>> make_all_detectors(const DetectorContext& context) {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<CertificateDetector>());
  detectors.push_back(std::make_unique<CryptoConfigurationDetector>());
  detectors.push_back(std::make_unique<CryptoLibraryDetector>());
  detectors.push_back(std::make_unique<EncodedTextDetector>());
  detectors.push_back(std::make_unique<JoseDetector>(context));
  detectors.push_back(std::make_unique<KeyFileDetector>(context));
  detectors.push_back(std::make_unique<KeystoreDetector>(context));
  detectors.push_back(std::make_unique<OpenPgpDetector>(context));
  detectors.push_back(std::make_unique<PrivateKeyDetector>(context));
  detectors.push_back(std::make_unique<PublicAssetDetector>());
  detectors.push_back(std::make_unique<PublicDerDetector>());
  detectors.push_back(std::make_unique<RustCrateDetector>());
  detectors.push_back(std::make_unique<SignedDataDetector>());
  detectors.push_back(std::make_unique<SshDetector>(context));
  return detectors;
}

}  // namespace landwaiter::detectors
