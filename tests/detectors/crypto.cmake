# SPDX-License-Identifier: Apache-2.0
# Tests of the detectors of cryptographic assets. Link to landwaiter_detectors and PkgConfig::hyperscan.
set(CRYPTO_TESTS
  all_test.cpp
  certificate_test.cpp
  der_test.cpp
  false_positives_test.cpp
  hostile_der_test.cpp
  material.cpp
  pem_test.cpp
  private_key_test.cpp
  public_asset_test.cpp
  scan_bytes.cpp
  shell.cpp
  vectors_test.cpp)
set_source_files_properties(all_test.cpp PROPERTIES COMPILE_DEFINITIONS LANDWAITER_DETECTORS_FOLDER="${CMAKE_SOURCE_DIR}/detectors")
