// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/private_key.hpp"

#include "core/base/limits.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/algorithm_names.hpp"
#include "detectors/keys/key_octets.hpp"
#include "detectors/keys/post_quantum_key.hpp"
#include "detectors/keys/private_key_math.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

Error not_a_key(std::string_view what) { return Error(ErrorCode::malformed, "not " + std::string(what)); }

bool sane_size(ByteView modulus) {
  constexpr std::size_t kBitsMin = 256;
  const std::size_t bits = bit_length(modulus);
  return bits >= kBitsMin && bits <= limits::key_bits_max;
}

/// OtherPrimeInfos: required by version 1.
bool read_other_primes(der::Reader& reader, std::vector<ByteView>& primes) {
  constexpr std::size_t kPrimesMax = 16;
  ByteView infos;
  if (!reader.next(der::kSequence, infos)) return false;
  der::Reader list(infos);
  while (!list.empty()) {
    ByteView info, prime, exponent, coefficient;
    if (!list.next(der::kSequence, info) || primes.size() == kPrimesMax) return false;
    der::Reader fields(info);
    if (!fields.unsigned_integer(prime) || !fields.unsigned_integer(exponent) || !fields.unsigned_integer(coefficient)) return false;
    if (!fields.empty()) return false;
    primes.push_back(prime);
  }
  return primes.size() > 2;
}

/// The octets in PKCS#8 for Ed25519 and similar keys: another OCTET STRING (RFC 8410, 7).
PrivateKey raw_curve_key(const RawKeyKind& kind, ByteView inner) {
  PrivateKey key;
  key.public_key.key_type = kind.name;
  const auto scalar = der::only_content(inner, der::kOctetString);
  auto public_key = scalar ? raw_public_key(kind, *scalar) : std::nullopt;
  key.consistent = public_key.has_value();
  key.looks_random = scalar && may_be_key_octets(*scalar);
  if (public_key) key.public_key = std::move(*public_key);
  return key;
}

/// DSA and DH keys in PKCS#8 contain only x; the parameters have p and g.
PrivateKey discrete_log_key(ByteView algorithm, ByteView parameters, bool dsa, ByteView inner) {
  PrivateKey key;
  key.public_key.key_type = dsa ? "DSA" : "DH";
  key.consistent = false;
  const auto fields = der::only_content(parameters, der::kSequence);
  der::Reader reader(fields.value_or(ByteView()));
  ByteView p, g, x;
  if (!reader.unsigned_integer(p) || !reader.unsigned_integer(g)) return key;
  key.public_key.size_bits = bit_length(p);
  // Dss-Parms is p, q, g; PKCS #3 and X9.42 start with p, g.
  if (dsa && !reader.unsigned_integer(g)) return key;
  der::Reader private_value(inner);
  if (!private_value.unsigned_integer(x) || !private_value.empty()) return key;
  const auto y = power_modulo(g, x, p);
  if (!y) {
    // Too expensive to compute for keys that may appear in thousands.
    key.consistent = true;
    return key;
  }
  auto public_key = public_key_with(algorithm, der::write_unsigned(*y));
  if (!public_key) return key;
  key.public_key = std::move(*public_key);
  key.consistent = true;
  return key;
}

/// Post-quantum keys, and those of algorithms that only have a name or a number.
Result<PrivateKey> other_key(ByteView type, ByteView inner) {
  PrivateKey key;
  const std::string_view name = algorithm_name(type);
  key.public_key.key_type = name.empty() ? der::oid_text(type) : std::string(name);
  if (key.public_key.key_type.empty()) return not_a_key("a private key's algorithm");
  key.looks_random = may_be_key_octets(inner);
  const auto read = read_post_quantum_key(name, inner);
  if (!read) return key;
  key.consistent = read->consistent;
  key.looks_random = read->looks_random;
  if (read->public_bits.empty()) return key;
  const Bytes identifier = der::write(der::kOid, {type});
  auto public_key = public_key_with(der::write(der::kSequence, {identifier}), read->public_bits);
  if (public_key) key.public_key = *std::move(public_key);
  return key;
}

/// Finds the reader for a PrivateKeyInfo's algorithm.
Result<PrivateKey> read_private_octets(ByteView algorithm, ByteView inner) {
  der::Reader reader(*der::only_content(algorithm, der::kSequence));
  ByteView type;
  if (!reader.next(der::kOid, type)) return not_a_key("a private key's algorithm");
  const ByteView parameters = reader.rest();
  if (oid::is_rsa(type)) {
    auto key = read_pkcs1(inner);
    if (key && same_bytes(type, oid::rsa_pss())) key->public_key.key_type = "RSA-PSS";
    return key;
  }
  if (same_bytes(type, oid::ec())) return read_sec1(inner, parameters);
  if (same_bytes(type, oid::dsa())) return discrete_log_key(algorithm, parameters, true, inner);
  if (same_bytes(type, oid::dh()) || same_bytes(type, oid::x942_dh())) return discrete_log_key(algorithm, parameters, false, inner);
  if (const RawKeyKind* kind = raw_key_kind(type)) return raw_curve_key(*kind, inner);
  return other_key(type, inner);
}

/// [0] attributes and, since RFC 5958, [1] the public key: a BIT STRING.
bool read_pkcs8_rest(der::Reader& reader, ByteView& public_bits) {
  while (!reader.empty()) {
    der::Element optional;
    if (!reader.next(optional) || (optional.tag & 0xc0) != 0x80 || (optional.tag & 0x1f) > 1) return false;
    constexpr std::uint8_t kPublicKey = 0x81;
    if (optional.tag == kPublicKey && optional.content.size() > 1 && optional.content[0] == 0) public_bits = optional.content.subspan(1);
  }
  return true;
}

}  // namespace

Result<PrivateKey> read_pkcs1(ByteView der) {
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return not_a_key("an RSA private key");
  der::Reader reader(*fields);
  unsigned version = 0;
  ByteView n, e, d, exponent;
  if (!reader.small_integer(version) || version > 1) return not_a_key("an RSA private key");
  if (!reader.unsigned_integer(n) || !reader.unsigned_integer(e) || !reader.unsigned_integer(d)) return not_a_key("an RSA private key");
  std::vector<ByteView> primes(2);
  if (!reader.unsigned_integer(primes[0]) || !reader.unsigned_integer(primes[1])) return not_a_key("an RSA private key");
  // The two CRT exponents and the coefficient.
  for (int i = 0; i < 3; ++i) {
    if (!reader.unsigned_integer(exponent)) return not_a_key("an RSA private key");
  }
  if (version == 1 && !read_other_primes(reader, primes)) return not_a_key("an RSA private key with more than two primes");
  if (!reader.empty() || !sane_size(n) || e.empty()) return not_a_key("an RSA private key");

  PrivateKey key;
  key.format = "PKCS#1";
  key.public_key = rsa_public_key(n, e);
  key.opaque = der;
  const bool odd = (n.back() & 1) == 1 && (e.back() & 1) == 1;
  key.consistent = odd && !d.empty() && is_product(n, primes);
  return key;
}

Result<PrivateKey> read_dsa_private(ByteView der) {
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return not_a_key("a DSA private key");
  der::Reader reader(*fields);
  unsigned version = 0;
  ByteView p, q, g, y, x;
  const bool read = reader.small_integer(version) && reader.unsigned_integer(p) && reader.unsigned_integer(q) &&
                    reader.unsigned_integer(g) && reader.unsigned_integer(y) && reader.unsigned_integer(x) && reader.empty();
  if (!read || version != 0 || !sane_size(p)) return not_a_key("a DSA private key");
  PrivateKey key;
  key.format = "DSA";
  key.public_key = dsa_public_key(p, q, g, y);
  key.opaque = der;
  const auto computed = power_modulo(g, x, p);
  key.consistent = !q.empty() && !x.empty() && bit_length(x) <= bit_length(q) && bit_length(q) < bit_length(p) &&
                   (!computed || same_bytes(*computed, y));
  return key;
}

Result<PrivateKey> read_sec1(ByteView der) { return read_sec1(der, {}); }

Result<PrivateKey> read_sec1(ByteView der, ByteView parameters) {
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return not_a_key("an EC private key");
  der::Reader reader(*fields);
  unsigned version = 0;
  ByteView scalar, own_parameters, wrapped, point;
  if (!reader.small_integer(version) || version != 1 || !reader.next(der::kOctetString, scalar)) return not_a_key("an EC private key");
  if (scalar.empty() || scalar.size() > kScalarBytesMax) return not_a_key("an EC private key");
  if (reader.next_is(der::kContext0) && !reader.next(der::kContext0, own_parameters)) return not_a_key("an EC private key");
  if (reader.next_is(der::kContext1)) {
    if (!reader.next(der::kContext1, wrapped)) return not_a_key("an EC private key");
    der::Reader inner(wrapped);
    if (!inner.bit_string(point) || !inner.empty()) return not_a_key("an EC private key");
  }
  if (!reader.empty()) return not_a_key("an EC private key");
  // PKCS#8 names the curve outside, so it is optional inside (RFC 5915, 3).
  const ByteView curve = parameters.empty() ? own_parameters : parameters;
  if (!curve.empty() && (!der::whole_element(curve) || der::whole_element(curve)->size() != curve.size())) {
    return not_a_key("an EC private key");
  }
  PrivateKey key = ec_private_key(curve, scalar, point);
  // Nothing else can be checked: almost any number of that size is a key.
  if (point.empty()) key.looks_random = may_be_key_octets(scalar);
  key.format = "SEC1";
  key.opaque = der;
  return key;
}

Result<PrivateKey> read_pkcs8(ByteView der) {
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return not_a_key("a PKCS#8 private key");
  der::Reader reader(*fields);
  unsigned version = 0;
  der::Element algorithm;
  ByteView inner;
  if (!reader.small_integer(version) || version > 1) return not_a_key("a PKCS#8 private key");
  if (!reader.next(der::kSequence, algorithm) || !reader.next(der::kOctetString, inner)) return not_a_key("a PKCS#8 private key");
  ByteView public_bits;
  if (!read_pkcs8_rest(reader, public_bits)) return not_a_key("a PKCS#8 private key");
  if (inner.empty() || !der::well_formed(algorithm.whole, limits::der_depth_max)) return not_a_key("a PKCS#8 private key");
  auto key = read_private_octets(algorithm.whole, inner);
  if (!key) return key.error();
  // Where the public half cannot be derived, what stands beside it is believed.
  auto beside = key->public_key.spki.empty() && !public_bits.empty() ? public_key_with(algorithm.whole, public_bits) : std::nullopt;
  if (beside) key->public_key = *std::move(beside);
  key->format = "PKCS#8";
  key->opaque = der;
  return key;
}

}  // namespace landwaiter::detectors
