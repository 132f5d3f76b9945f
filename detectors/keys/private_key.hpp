// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "detectors/keys/public_key.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace landwaiter::detectors {

/// Facts about a private key without the key itself: the private numbers are used to derive the public half, then wiped.
struct PrivateKey {
  PublicKey public_key;  ///< spki is empty if the public half is unknown; key_type is still set as far as known
  std::string format;    ///< "PKCS#1", "SEC1", "PKCS#8", "PKCS#8 encrypted", "DSA", "OpenSSH", "traditional encrypted"
  bool encrypted = false;
  nlohmann::json encryption;    ///< {kdf, cipher, iterations, ...}, null when not encrypted
  std::string ssh_fingerprint;  ///< "SHA256:<base64>" of OpenSSH keys
  /// The bytes whose keyed hash identifies the key if its public half is unknown: the ciphertext, or the whole key. A view into the
  /// input.
  ByteView opaque;
  /// False if the numbers contradict each other (n is not p times q, a point off its curve) or cannot be checked.
  bool consistent = true;
  /// False if a key of bare random octets (Ed25519 and similar), which cannot be verified, looks like text or program data: programs that
  /// write such keys contain their constant prefix, followed by anything.
  bool looks_random = true;
};

/// Each reads one structure that fills `der`, fails with `malformed` if it is not one, and puts no part of the key into the message. The
/// numbers are checked as far as that is cheap; see PrivateKey::consistent.
Result<PrivateKey> read_pkcs1(ByteView der);            ///< RSAPrivateKey, RFC 8017, A.1.2, with two or more primes
Result<PrivateKey> read_dsa_private(ByteView der);      ///< OpenSSL's SEQUENCE { 0, p, q, g, y, x }
Result<PrivateKey> read_sec1(ByteView der);             ///< ECPrivateKey, RFC 5915
Result<PrivateKey> read_pkcs8(ByteView der);            ///< PrivateKeyInfo, RFC 5208, and OneAsymmetricKey, RFC 5958
Result<PrivateKey> read_encrypted_pkcs8(ByteView der);  ///< EncryptedPrivateKeyInfo, RFC 5208, 6

/// ECPrivateKey with parameters from its context; `parameters` is an element, or empty to require its own.
Result<PrivateKey> read_sec1(ByteView der, ByteView parameters);

}  // namespace landwaiter::detectors
