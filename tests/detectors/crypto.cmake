# SPDX-License-Identifier: Apache-2.0
# Tests of the detectors of cryptographic assets, with the programs of the field as judges.
add_library(landwaiter_crypto_test_support STATIC gnupg.cpp key_material.cpp keystores.cpp material.cpp scan_bytes.cpp shell.cpp)
target_link_libraries(landwaiter_crypto_test_support PUBLIC landwaiter_detectors PRIVATE landwaiter_options)

set(CRYPTO_TESTS
  all_test.cpp
  certificate_details_test.cpp
  certificate_test.cpp
  crypto_configuration_test.cpp
  crypto_library_test.cpp
  der_test.cpp
  encoded_text_test.cpp
  false_positives_test.cpp
  hostile_der_test.cpp
  jose_test.cpp
  key_binary_test.cpp
  key_checks_test.cpp
  key_dns_test.cpp
  key_negatives_test.cpp
  key_sealed_test.cpp
  key_text_test.cpp
  openpgp_hostile_test.cpp
  openpgp_test.cpp
  pem_test.cpp
  private_key_test.cpp
  public_asset_test.cpp
  public_der_test.cpp
  signed_data_test.cpp
  ssh_test.cpp)
set_source_files_properties(all_test.cpp PROPERTIES COMPILE_DEFINITIONS LANDWAITER_DETECTORS_FOLDER="${CMAKE_SOURCE_DIR}/detectors")
landwaiter_test(crypto_test SOURCES ${CRYPTO_TESTS} DEPENDS landwaiter_crypto_test_support TIMEOUT 1200)

# Apart, as it starts keytool some hundred times.
landwaiter_test(keystore_test
  SOURCES keychain_test.cpp keystore_hostile_test.cpp keystore_password_test.cpp keystore_test.cpp nss_test.cpp
  DEPENDS landwaiter_crypto_test_support TIMEOUT 1200)

# Some thousand runs of openssl, hence on its own, and not once more under sanitizers.
landwaiter_test(crypto_vectors_test SOURCES vectors_test.cpp DEPENDS landwaiter_crypto_test_support TIMEOUT 1200 LABELS integration)
