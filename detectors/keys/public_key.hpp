// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// A public key as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) and its facts. The digest of its DER identifies the key everywhere: in a
/// certificate, in a request, as the public half of a private key; see key_identity.hpp.
struct PublicKey {
  /// "RSA", "RSA-PSS", "DSA", "DH", "EC", "Ed25519", "Ed448", "X25519", "X448", a name from algorithm_names.hpp, or the OID.
  std::string key_type;
  std::size_t size_bits = 0;     ///< of the modulus or the curve's field; 0 if unknown
  std::string curve;             ///< OpenSSL's name ("prime256v1"), an OID, "explicit", or empty when not on a curve
  Bytes spki;                    ///< the one that stands for the key, which need not be the one that was read
  std::string equal_curve = {};  ///< for an explicit curve: the name of the curve with the same parameters

  /// The curve's name also if its parameters are explicit and equal to those of a named one.
  const std::string& named_curve() const { return equal_curve.empty() ? curve : equal_curve; }
  std::string spki_sha256() const;  ///< lower-case hexadecimal
  std::string id() const;           ///< "spki-sha256:<hex>"
};

/// Reads a SubjectPublicKeyInfo that fills `spki`. The numbers are not checked for a valid key. Nothing if the structure, or the content
/// that its algorithm requires, is missing.
std::optional<PublicKey> read_public_key(ByteView spki);

/// Each builds the DER form that OpenSSL also writes. Magnitudes are big-endian.
PublicKey rsa_public_key(ByteView modulus, ByteView exponent);
PublicKey dsa_public_key(ByteView p, ByteView q, ByteView g, ByteView y);
/// `algorithm` is a whole AlgorithmIdentifier; `key` is the content of its BIT STRING.
std::optional<PublicKey> public_key_with(ByteView algorithm, ByteView key);
/// `parameters` is a whole ECParameters element, `point` an encoded point (SEC 1, 2.3.3).
std::optional<PublicKey> ec_public_key(ByteView parameters, ByteView point);
/// By OpenSSL's number of the curve.
std::optional<PublicKey> ec_public_key(int curve_nid, ByteView point);

/// "RSA 2048-bit", "EC prime256v1", "Ed25519": for titles.
std::string describe(const PublicKey& key);

/// Why a key of this kind and size is weaker than 112 bits (SP 800-57 part 1): "rsa-1024", "ec-192", or empty. For all weaknesses of a
/// key, see key_weaknesses() in key_checks.hpp.
std::string key_weakness(const PublicKey& key);

/// Sets key_type, key_size_bits, curve, spki_sha256 and key_hash; for RSA modulus, in base64 (big-endian, without leading zeros), to find
/// shared primes; for an explicit curve equal_curve.
void add_public_key_attributes(const PublicKey& key, nlohmann::json& attributes);

/// The number of bits of a big-endian magnitude.
std::size_t bit_length(ByteView magnitude);
/// A big-endian magnitude without its leading zeros; empty for zero.
ByteView without_zeros(ByteView magnitude);

/// Content octets of object identifiers that several files need.
namespace oid {
ByteView rsa();
ByteView rsa_pss();
/// Whether a key of this algorithm is an RSA key: rsaEncryption, its older name of X.509, RSASSA-PSS or RSAES-OAEP (RFC 4055).
bool is_rsa(ByteView oid_content);
ByteView dsa();
ByteView dh();
ByteView x942_dh();
ByteView ec();
ByteView ed25519();
ByteView ed448();
ByteView x25519();
ByteView x448();
}  // namespace oid

/// OpenSSL's long name of an object identifier, that of algorithm_names.hpp, or its numbers.
std::string oid_name(ByteView oid_content);
/// OpenSSL's number of an object identifier, NID_undef (0) if it has none.
int oid_nid(ByteView oid_content);
/// OpenSSL's number of a named curve, 0 if it does not know it.
int curve_nid(ByteView oid_content);

}  // namespace landwaiter::detectors
