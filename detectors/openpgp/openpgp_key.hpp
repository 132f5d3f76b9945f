// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/openpgp/openpgp_packet.hpp"
#include "detectors/openpgp/openpgp_s2k.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace landwaiter::detectors::openpgp {

/// The content of a key packet of versions 2 to 4 (RFC 4880), 5 (LibrePGP) and 6 (RFC 9580).
struct Key {
  unsigned version = 0;
  unsigned algorithm = 0;      ///< by number (RFC 9580, 9.1)
  std::uint32_t created = 0;   ///< seconds since 1970
  PublicKey public_key;        ///< spki is empty for algorithms known only by name
  Bytes public_body;           ///< the public fields, as in a public key packet
  std::size_t numbers_at = 0;  ///< where the public numbers begin in it
  std::string fingerprint;     ///< lower-case hexadecimal
  std::string key_id;          ///< 16 digits of it, as people use them
  Protection secret;           ///< part is `none` in a public key packet
  /// False if unencrypted private numbers do not match the public key, or their checksum is wrong.
  bool consistent = true;
  /// All bit counts match their numbers; required for keys inside other data.
  bool exact = true;

  /// What makes two encodings the same key, also where no SubjectPublicKeyInfo is defined for it: versions and times of creation differ.
  ByteView public_numbers() const { return ByteView(public_body).subspan(numbers_at); }
};

/// Reads a key packet of any of the four tags; nothing if it is truncated, has extra bytes, or is of an unknown version.
std::optional<Key> read_key(const Packet& packet);

/// "RSA", "DSA", "ElGamal", "ECDH", "ECDSA", "EdDSA", "X25519", "ML-KEM-768+X25519", ...: the packet's algorithm name.
std::string algorithm_name(unsigned algorithm);

/// ElGamal's numbers under the identifier that Bouncy Castle and others use, 1.3.14.7.2.1.1: OpenSSL has no form for it.
PublicKey elgamal_public_key(ByteView p, ByteView g, ByteView y);

/// The key on the curve whose object identifier has this content, with the point as OpenPGP writes it: with a leading 0x40
/// (RFC 9580, 11.2.1) on Curve25519 and Ed25519.
std::optional<PublicKey> curve_public_key(ByteView oid_content, ByteView point);

}  // namespace landwaiter::detectors::openpgp
