# SPDX-License-Identifier: Apache-2.0
# The detectors of cryptographic assets, and what they share. Link to OpenSSL::Crypto.
set(CRYPTO_SOURCES
  all.cpp
  ber.cpp
  bouncy_keystore.cpp
  certificate.cpp
  certificate_detector.cpp
  der.cpp
  der_search.cpp
  java_keystore.cpp
  java_serialization.cpp
  keystore.cpp
  keystore_detector.cpp
  password_encryption.cpp
  pem.cpp
  pkcs12.cpp
  private_key.cpp
  private_key_detector.cpp
  private_key_math.cpp
  public_asset_detector.cpp
  public_key.cpp
  published_keys.cpp
  ssh_key.cpp
  x509_text.cpp)
