# SPDX-License-Identifier: Apache-2.0
# Tests of the detectors of cryptographic assets, with the programs of the field as judges.
add_library(landwaiter_crypto_test_support STATIC support/gnupg.cpp support/key_material.cpp support/keystores.cpp support/material.cpp support/scan_bytes.cpp support/shell.cpp)
target_link_libraries(landwaiter_crypto_test_support PUBLIC landwaiter_detectors PRIVATE landwaiter_options)

set(CRYPTO_TESTS
  all_test.cpp
  certificates/certificate_details_test.cpp
  certificates/certificate_test.cpp
  settings/crypto_configuration_detector_test.cpp
  libraries/crypto_library_test.cpp
  formats/der_test.cpp
  key_files/encoded_text_detector_test.cpp
  all_false_positives_test.cpp
  all_hostile_der_test.cpp
  jose/jose_detector_test.cpp
  key_files/key_file_detector_binary_test.cpp
  keys/key_checks_test.cpp
  key_files/dnssec_key_test.cpp
  key_files/key_file_detector_negatives_test.cpp
  key_files/sealed_text_test.cpp
  key_files/key_file_detector_text_test.cpp
  openpgp/openpgp_detector_hostile_test.cpp
  openpgp/openpgp_detector_test.cpp
  formats/pem_test.cpp
  key_files/private_key_detector_test.cpp
  certificates/public_asset_detector_test.cpp
  certificates/public_der_detector_test.cpp
  certificates/signed_data_detector_test.cpp
  ssh/ssh_detector_test.cpp)
set_source_files_properties(all_test.cpp PROPERTIES COMPILE_DEFINITIONS LANDWAITER_DETECTORS_FOLDER="${CMAKE_SOURCE_DIR}/detectors")
landwaiter_test(crypto_test SOURCES ${CRYPTO_TESTS} DEPENDS landwaiter_crypto_test_support TIMEOUT 1200)

# Apart, as it starts keytool some hundred times.
landwaiter_test(keystore_test
  SOURCES keystores/keychain_test.cpp keystores/keystore_hostile_test.cpp keystores/keystore_password_test.cpp keystores/keystore_test.cpp keystores/nss_database_test.cpp
  DEPENDS landwaiter_crypto_test_support TIMEOUT 1200 UNITY)

# Some thousand runs of openssl, hence on its own, and not once more under sanitizers.
landwaiter_test(crypto_vectors_test SOURCES all_vectors_test.cpp DEPENDS landwaiter_crypto_test_support TIMEOUT 1200 LABELS integration)
