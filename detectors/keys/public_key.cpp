// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/public_key.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/report/assets/key.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/algorithm_names.hpp"
#include "detectors/keys/explicit_curve.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/key_identity.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

namespace landwaiter::detectors {
namespace {

constexpr std::array<std::uint8_t, 9> kRsa{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
constexpr std::array<std::uint8_t, 9> kRsaPss{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
constexpr std::array<std::uint8_t, 9> kRsaOaep{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07};
constexpr std::array<std::uint8_t, 4> kX509Rsa{0x55, 0x08, 0x01, 0x01};
constexpr std::array<std::uint8_t, 7> kDsa{0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01};
constexpr std::array<std::uint8_t, 9> kDh{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01};
constexpr std::array<std::uint8_t, 7> kX942Dh{0x2a, 0x86, 0x48, 0xce, 0x3e, 0x02, 0x01};
constexpr std::array<std::uint8_t, 7> kEc{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::array<std::uint8_t, 3> kX25519{0x2b, 0x65, 0x6e};
constexpr std::array<std::uint8_t, 3> kX448{0x2b, 0x65, 0x6f};
constexpr std::array<std::uint8_t, 3> kEd25519{0x2b, 0x65, 0x70};
constexpr std::array<std::uint8_t, 3> kEd448{0x2b, 0x65, 0x71};

struct RawCurve {
  ByteView oid;
  const char* name;
  std::size_t key_bytes;
  std::size_t size_bits;
};

/// RFC 8410; the size in bits is OpenSSL's.
const std::array<RawCurve, 4> kRawCurves{
    {{kX25519, "X25519", 32, 253}, {kX448, "X448", 56, 448}, {kEd25519, "Ed25519", 32, 256}, {kEd448, "Ed448", 57, 456}}};

/// RFC 8017, A.1.1. Some writers omit the leading zero of a number whose first bit is set; like OpenSSL, read it as positive.
bool read_rsa(ByteView key, PublicKey& out) {
  const auto fields = der::only_content(key, der::kSequence);
  if (!fields) return false;
  der::Reader reader(*fields);
  ByteView modulus, exponent;
  if (!reader.next(der::kInteger, modulus) || !reader.next(der::kInteger, exponent) || !reader.empty()) return false;
  out.size_bits = bit_length(modulus);
  return out.size_bits != 0;
}

/// The first INTEGER of the parameters is p: Dss-Parms (RFC 3279, 2.3.2), DHParameter (PKCS #3), DomainParameters
/// (RFC 3279, 2.3.3). DSA's may be absent, inherited from the issuer.
bool read_group(der::Reader parameters, PublicKey& out) {
  if (parameters.empty() || parameters.next_is(der::kNull)) return true;
  ByteView fields, p;
  if (!parameters.next(der::kSequence, fields)) return false;
  der::Reader reader(fields);
  if (!reader.unsigned_integer(p)) return false;
  out.size_bits = bit_length(p);
  return true;
}

std::size_t named_curve_bits(int nid) {
  const std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> group(EC_GROUP_new_by_curve_name(nid), &EC_GROUP_free);
  ERR_clear_error();
  const int degree = group ? EC_GROUP_get_degree(group.get()) : 0;
  return degree > 0 ? static_cast<std::size_t>(degree) : 0;
}

/// SpecifiedECDomain (SEC 1, C.2): version, FieldID { type, prime or binary-field parameters }, ...
std::size_t explicit_field_bits(ByteView domain) {
  der::Reader reader(domain);
  ByteView field, type, prime;
  unsigned version = 0;
  if (!reader.small_integer(version) || !reader.next(der::kSequence, field)) return 0;
  der::Reader inner(field);
  if (!inner.next(der::kOid, type)) return 0;
  if (inner.unsigned_integer(prime)) return bit_length(prime);
  ByteView binary, degree;
  if (!inner.next(der::kSequence, binary)) return 0;
  der::Reader binary_reader(binary);
  if (!binary_reader.unsigned_integer(degree) || degree.empty() || degree.size() > 2) return 0;
  return degree.size() == 1 ? degree[0] : static_cast<std::size_t>(degree[0]) << 8 | degree[1];
}

/// RFC 5480, 2.1.1.
bool read_ec(der::Reader parameters, PublicKey& out) {
  der::Element element;
  if (!parameters.next(element)) return false;
  if (element.tag == der::kNull) return true;
  if (element.tag == der::kSequence) {
    out.curve = "explicit";
    out.size_bits = explicit_field_bits(element.content);
    out.equal_curve = equal_named_curve(element.whole);
    return true;
  }
  if (element.tag != der::kOid) return false;
  const int nid = curve_nid(element.content);
  if (nid == 0) {
    out.curve = der::oid_text(element.content);
    return !out.curve.empty();
  }
  out.curve = OBJ_nid2sn(nid);
  out.size_bits = named_curve_bits(nid);
  return true;
}

/// Fills in the facts from the algorithm. `algorithm_fields` is the content of an AlgorithmIdentifier.
bool read_key(ByteView algorithm_fields, ByteView key, PublicKey& out) {
  der::Reader algorithm(algorithm_fields);
  ByteView type;
  if (!algorithm.next(der::kOid, type)) return false;
  if (oid::is_rsa(type)) {
    out.key_type = same_bytes(type, kRsaPss) ? "RSA-PSS" : "RSA";
    return read_rsa(key, out);
  }
  if (same_bytes(type, kDsa)) {
    out.key_type = "DSA";
    return read_group(algorithm, out);
  }
  if (same_bytes(type, kDh) || same_bytes(type, kX942Dh)) {
    out.key_type = "DH";
    return read_group(algorithm, out);
  }
  if (same_bytes(type, kEc)) {
    out.key_type = "EC";
    return read_ec(algorithm, out);
  }
  for (const RawCurve& raw : kRawCurves) {
    if (!same_bytes(type, raw.oid)) continue;
    out.key_type = raw.name;
    out.size_bits = raw.size_bits;
    return key.size() == raw.key_bytes;
  }
  out.key_type = algorithm_name(type);
  if (out.key_type.empty()) out.key_type = der::oid_text(type);
  return !out.key_type.empty();
}

Bytes write_spki(ByteView algorithm, ByteView key) {
  const Bytes bits = der::write_bit_string(key);
  return der::write(der::kSequence, {algorithm, bits});
}

}  // namespace

namespace oid {
ByteView rsa() { return kRsa; }
ByteView rsa_pss() { return kRsaPss; }
bool is_rsa(ByteView type) {
  return same_bytes(type, kRsa) || same_bytes(type, kRsaPss) || same_bytes(type, kRsaOaep) || same_bytes(type, kX509Rsa);
}
ByteView dsa() { return kDsa; }
ByteView dh() { return kDh; }
ByteView x942_dh() { return kX942Dh; }
ByteView ec() { return kEc; }
ByteView ed25519() { return kEd25519; }
ByteView ed448() { return kEd448; }
ByteView x25519() { return kX25519; }
ByteView x448() { return kX448; }
}  // namespace oid

std::string PublicKey::spki_sha256() const { return std::string(Digest::sha256_of(spki).hex()); }
std::string PublicKey::id() const { return "spki-sha256:" + spki_sha256(); }

std::optional<PublicKey> read_public_key(ByteView spki) {
  if (!der::well_formed(spki, limits::der_depth_max)) return std::nullopt;
  const auto fields = der::only_content(spki, der::kSequence);
  if (!fields) return std::nullopt;
  der::Reader reader(*fields);
  ByteView algorithm, key;
  if (!reader.next(der::kSequence, algorithm) || !reader.bit_string(key) || !reader.empty()) return std::nullopt;
  PublicKey out;
  if (!read_key(algorithm, key, out)) return std::nullopt;
  out.spki = identifying_spki(algorithm, out.named_curve(), key);
  return out;
}

std::optional<PublicKey> public_key_with(ByteView algorithm, ByteView key) { return read_public_key(write_spki(algorithm, key)); }

PublicKey rsa_public_key(ByteView modulus, ByteView exponent) {
  const Bytes n = der::write_unsigned(modulus);
  const Bytes e = der::write_unsigned(exponent);
  const Bytes key = der::write(der::kSequence, {n, e});
  const Bytes type = der::write(der::kOid, {kRsa});
  const Bytes null = der::write(der::kNull, {});
  const Bytes algorithm = der::write(der::kSequence, {type, null});
  return {.key_type = "RSA", .size_bits = bit_length(modulus), .curve = {}, .spki = write_spki(algorithm, key)};
}

PublicKey dsa_public_key(ByteView p, ByteView q, ByteView g, ByteView y) {
  const Bytes p_der = der::write_unsigned(p);
  const Bytes q_der = der::write_unsigned(q);
  const Bytes g_der = der::write_unsigned(g);
  const Bytes parameters = der::write(der::kSequence, {p_der, q_der, g_der});
  const Bytes type = der::write(der::kOid, {kDsa});
  const Bytes algorithm = der::write(der::kSequence, {type, parameters});
  return {.key_type = "DSA", .size_bits = bit_length(p), .curve = {}, .spki = write_spki(algorithm, der::write_unsigned(y))};
}

std::optional<PublicKey> ec_public_key(ByteView parameters, ByteView point) {
  const Bytes type = der::write(der::kOid, {kEc});
  return public_key_with(der::write(der::kSequence, {type, parameters}), point);
}

std::optional<PublicKey> ec_public_key(int curve_nid, ByteView point) {
  const ASN1_OBJECT* object = OBJ_nid2obj(curve_nid);
  if (object == nullptr || OBJ_length(object) == 0) return std::nullopt;
  return ec_public_key(der::write(der::kOid, {ByteView(OBJ_get0_data(object), OBJ_length(object))}), point);
}

std::string describe(const PublicKey& key) {
  if (!key.curve.empty()) return key.key_type + ' ' + key.curve;
  const bool sized = key.key_type.starts_with("RSA") || key.key_type == "DSA" || key.key_type == "DH";
  if (!sized || key.size_bits == 0) return key.key_type;
  return key.key_type + ' ' + std::to_string(key.size_bits) + "-bit";
}

std::string key_weakness(const PublicKey& key) {
  if (key.size_bits == 0) return {};
  const bool modular = key.key_type.starts_with("RSA") || key.key_type == "DSA" || key.key_type == "DH";
  const bool weak = (modular && key.size_bits < 2048) || (key.key_type == "EC" && key.size_bits < 224);
  if (!weak) return {};
  const char* name = key.key_type.starts_with("RSA") ? "rsa-" : key.key_type == "DSA" ? "dsa-" : key.key_type == "DH" ? "dh-" : "ec-";
  return name + std::to_string(key.size_bits);
}

void add_public_key_attributes(const PublicKey& key, nlohmann::json& attributes) {
  add_attributes(assets::KeyKind{key.key_type, key.size_bits, key.curve}, attributes);
  if (key.curve == "explicit") {
    attributes["equal_curve"] = key.equal_curve.empty() ? nlohmann::json(nullptr) : nlohmann::json(key.equal_curve);
  }
  const auto rsa = rsa_numbers(key);
  add_attributes(assets::KeyIdentity{key_hash(key), rsa ? base64_encode(rsa->modulus) : "", key.spki.empty() ? "" : key.spki_sha256()},
                 attributes);
}

ByteView without_zeros(ByteView magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  return magnitude;
}

std::size_t bit_length(ByteView magnitude) {
  const auto first = std::ranges::find_if(magnitude, [](std::uint8_t byte) { return byte != 0; });
  if (first == magnitude.end()) return 0;
  const auto rest = static_cast<std::size_t>(magnitude.end() - first) - 1;
  return rest * 8 + static_cast<std::size_t>(std::bit_width(*first));
}

int oid_nid(ByteView oid_content) {
  const Bytes encoded = der::write(der::kOid, {oid_content});
  const unsigned char* at = encoded.data();
  const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(encoded.size())),
                                                                         &ASN1_OBJECT_free);
  const int nid = object ? OBJ_obj2nid(object.get()) : NID_undef;
  ERR_clear_error();
  return nid;
}

std::string oid_name(ByteView oid_content) {
  const int nid = oid_nid(oid_content);
  if (nid != NID_undef) return OBJ_nid2ln(nid);
  const std::string_view name = algorithm_name(oid_content);
  return name.empty() ? der::oid_text(oid_content) : std::string(name);
}

int curve_nid(ByteView oid_content) {
  const int nid = oid_nid(oid_content);
  if (nid == NID_undef || named_curve_bits(nid) == 0) return 0;
  return nid;
}

}  // namespace landwaiter::detectors
