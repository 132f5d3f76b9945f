// SPDX-License-Identifier: Apache-2.0
#include "detectors/all.hpp"

#include "detectors/certificates/certificate_detector.hpp"
#include "detectors/certificates/public_asset_detector.hpp"
#include "detectors/certificates/public_der_detector.hpp"
#include "detectors/certificates/signed_data_detector.hpp"
#include "detectors/jose/jose_detector.hpp"
#include "detectors/key_files/encoded_text_detector.hpp"
#include "detectors/key_files/key_file_detector.hpp"
#include "detectors/key_files/private_key_detector.hpp"
#include "detectors/keystores/keystore_detector.hpp"
#include "detectors/libraries/crypto_library_detector.hpp"
#include "detectors/libraries/rust_crate_detector.hpp"
#include "detectors/openpgp/openpgp_detector.hpp"
#include "detectors/settings/crypto_configuration_detector.hpp"
#include "detectors/ssh/ssh_detector.hpp"

namespace landwaiter::detectors {

std::vector<std::unique_ptr<const Detector>> make_all_detectors(const DetectorContext& context) {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<CertificateDetector>());
  detectors.push_back(std::make_unique<CryptoConfigurationDetector>());
  detectors.push_back(std::make_unique<CryptoLibraryDetector>());
  detectors.push_back(std::make_unique<EncodedTextDetector>());
  detectors.push_back(std::make_unique<JoseDetector>());
  detectors.push_back(std::make_unique<KeyFileDetector>());
  detectors.push_back(std::make_unique<KeystoreDetector>(context));
  detectors.push_back(std::make_unique<OpenPgpDetector>());
  detectors.push_back(std::make_unique<PrivateKeyDetector>());
  detectors.push_back(std::make_unique<PublicAssetDetector>());
  detectors.push_back(std::make_unique<PublicDerDetector>());
  detectors.push_back(std::make_unique<RustCrateDetector>());
  detectors.push_back(std::make_unique<SignedDataDetector>());
  detectors.push_back(std::make_unique<SshDetector>());
  return detectors;
}

std::vector<std::unique_ptr<const FileReader>> make_all_file_readers() { return {}; }

}  // namespace landwaiter::detectors
