// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "detectors/keys/public_key.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace landwaiter::detectors {

/// What can be said of a private key without holding on to it: the private numbers are used to derive the public half, then
/// wiped.
struct PrivateKey {
  PublicKey public_key;  ///< spki is empty when the public half cannot be known; key_type then still says what is known
  std::string format;    ///< "PKCS#1", "SEC1", "PKCS#8", "PKCS#8 encrypted", "DSA", "OpenSSH", "traditional encrypted"
  bool encrypted = false;
  nlohmann::json encryption;    ///< {kdf, cipher, iterations, ...}, null when not encrypted
  std::string ssh_fingerprint;  ///< "SHA256:<base64>" of OpenSSH keys
  /// The bytes whose keyed hash identifies the key when its public half is not known: the ciphertext, or the whole key.
  /// A view into the bytes that were read.
  ByteView opaque;
  /// False when the numbers contradict each other (n is not p times q, a point off its curve) or nothing says they agree.
  bool consistent = true;
  /// False when a key of bare random octets (Ed25519 and its kin), which nothing can prove, has the look of text or of a
  /// program's data: the constant prefix of such keys stands in programs that write them, followed by anything.
  bool looks_random = true;
};

/// Each reads one structure that fills `der`, fails with `malformed` when it is not one, and puts nothing of the key into
/// the message. What the numbers claim is checked as far as that is cheap; see PrivateKey::consistent.
Result<PrivateKey> read_pkcs1(ByteView der);            ///< RSAPrivateKey, RFC 8017, A.1.2, with two or more primes
Result<PrivateKey> read_dsa_private(ByteView der);      ///< OpenSSL's SEQUENCE { 0, p, q, g, y, x }
Result<PrivateKey> read_sec1(ByteView der);             ///< ECPrivateKey, RFC 5915
Result<PrivateKey> read_pkcs8(ByteView der);            ///< PrivateKeyInfo, RFC 5208, and OneAsymmetricKey, RFC 5958
Result<PrivateKey> read_encrypted_pkcs8(ByteView der);  ///< EncryptedPrivateKeyInfo, RFC 5208, 6

/// ECPrivateKey with the parameters that its surroundings give; `parameters` is an element, or empty to require its own.
Result<PrivateKey> read_sec1(ByteView der, ByteView parameters);

}  // namespace landwaiter::detectors
