// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace landwaiter::assets {

/// What sort of key it is: of private, public and secret keys, and of certificates and requests, which hold one.
struct KeyKind {
  std::string type;             ///< "RSA", "EC", "Ed25519", an OID; empty when not known
  std::uint64_t size_bits = 0;  ///< 0 when not known
  std::string curve;            ///< OpenSSL's name, or "explicit"; empty when there is none
};

/// Which key it is.
struct KeyIdentity {
  std::string hash;         ///< the start of a SHA-256 over the key's own number, as blocklists have it; empty when not known
  std::string modulus;      ///< of RSA, in base64; empty when there is none, or it was dropped
  std::string spki_sha256;  ///< of SubjectPublicKeyInfo; empty when not known
};

/// How a private key is kept.
struct PrivateKey {
  std::string encoding;
  std::string format;  ///< "PKCS#8", "PuTTY", "age"
  bool encrypted = false;
  nlohmann::json encryption;  ///< {scheme, cipher, kdf, iterations, ...}; null when not encrypted or not known
  std::string publisher;      ///< who published it as a test key; empty for all others
};

void add_attributes(const KeyKind& value, nlohmann::json& attributes);
void add_attributes(const KeyIdentity& value, nlohmann::json& attributes);
void add_attributes(const PrivateKey& value, nlohmann::json& attributes);
KeyKind key_kind_of(const Finding& finding);
KeyIdentity key_identity_of(const Finding& finding);
PrivateKey private_key_of(const Finding& finding);

/// Of private and secret keys and keystores; false when not known.
bool is_encrypted(const Finding& finding);

/// The ids of an image's certificates with the same public key, of a private key; compose() finds them.
std::vector<std::string> matching_certificates_of(const Finding& finding);
void set_matching_certificates(const std::vector<std::string>& ids, Finding& finding);

}  // namespace landwaiter::assets
