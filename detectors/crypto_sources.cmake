# SPDX-License-Identifier: Apache-2.0
# The detectors of cryptographic assets, and what they share. Link to OpenSSL::Crypto.
set(CRYPTO_SOURCES
  all.cpp
  binary_format.cpp
  certificate.cpp
  certificate_detector.cpp
  crypto_library.cpp
  crypto_library_detector.cpp
  der.cpp
  der_search.cpp
  library_metadata.cpp
  library_package.cpp
  library_runtime.cpp
  library_soname.cpp
  library_strings.cpp
  password_encryption.cpp
  pem.cpp
  private_key.cpp
  private_key_detector.cpp
  private_key_math.cpp
  public_asset_detector.cpp
  public_key.cpp
  published_keys.cpp
  rust_crate_detector.cpp
  ssh_key.cpp
  x509_text.cpp)
