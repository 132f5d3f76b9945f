// SPDX-License-Identifier: Apache-2.0
#include "detectors/jose/jwk.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/key_consistency.hpp"

#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::size_t kCertificatesMax = 20;

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A member in base64url; empty if it is missing or has another type.
WipedBytes bytes_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  auto decoded = base64url_decode(found->get_ref<const std::string&>());
  return decoded ? WipedBytes(std::move(*decoded)) : WipedBytes();
}

/// p, q and the primes of "oth" (RFC 7518, 6.3.2.7).
bool rsa_numbers_agree(const json& object, ByteView n) {
  std::vector<WipedBytes> primes;
  primes.push_back(bytes_of(object, "p"));
  primes.push_back(bytes_of(object, "q"));
  // A key may lack its primes; then nothing can be checked.
  if (primes[0].view().empty() && primes[1].view().empty()) return true;
  constexpr std::size_t kPrimesMax = 8;
  if (const auto others = object.find("oth"); others != object.end() && others->is_array()) {
    for (const json& other : *others) {
      if (primes.size() < kPrimesMax && other.is_object()) primes.push_back(bytes_of(other, "r"));
    }
  }
  std::vector<ByteView> views;
  for (const auto& prime : primes) views.push_back(prime.view());
  return rsa_agrees(n, views);
}

bool read_rsa(const json& object, Jwk& key) {
  constexpr std::size_t kModulusBitsMin = 512;
  const auto n = bytes_of(object, "n"), e = bytes_of(object, "e"), d = bytes_of(object, "d");
  if (bit_length(n.view()) < kModulusBitsMin || bit_length(e.view()) == 0) return false;
  key.public_key = rsa_public_key(n.view(), e.view());
  key.is_private = bit_length(d.view()) != 0;
  if (key.is_private) key.consistent = rsa_numbers_agree(object, n.view());
  return true;
}

struct Curve {
  std::string_view name;
  int nid;
  std::size_t field_bytes;
};

/// RFC 7518, 7.6.2; RFC 8812; the Brainpool names that eIDAS tools use.
constexpr std::array<Curve, 7> kCurves{{{"P-256", NID_X9_62_prime256v1, 32},
                                        {"P-384", NID_secp384r1, 48},
                                        {"P-521", NID_secp521r1, 66},
                                        {"secp256k1", NID_secp256k1, 32},
                                        {"BP-256", NID_brainpoolP256r1, 32},
                                        {"BP-384", NID_brainpoolP384r1, 48},
                                        {"BP-512", NID_brainpoolP512r1, 64}}};

/// Some writers leave out the zeros of a coordinate, or add one in front as for a signed number.
bool append_padded(ByteView number, std::size_t size, Bytes& out) {
  number = without_zeros(number);
  if (number.size() > size) return false;
  out.insert(out.end(), size - number.size(), 0);
  out.insert(out.end(), number.begin(), number.end());
  return true;
}

bool read_ec(const json& object, Jwk& key) {
  const auto curve = std::ranges::find(kCurves, text(object, "crv"), &Curve::name);
  const auto x = bytes_of(object, "x"), y = bytes_of(object, "y"), d = bytes_of(object, "d");
  if (curve == kCurves.end() || x.view().empty() || y.view().empty()) return false;
  Bytes point{0x04};
  if (!append_padded(x.view(), curve->field_bytes, point) || !append_padded(y.view(), curve->field_bytes, point)) return false;
  auto public_key = ec_public_key(curve->nid, point);
  if (!public_key) return false;
  key.public_key = std::move(*public_key);
  key.is_private = !d.view().empty();
  if (key.is_private) key.consistent = curve_agrees(key.public_key, d.view());
  return true;
}

std::optional<PublicKey> key_with_oid(ByteView oid_content, ByteView key) {
  const Bytes type = der::write(der::kOid, {oid_content});
  return public_key_with(der::write(der::kSequence, {type}), key);
}

bool read_okp(const json& object, Jwk& key) {
  const std::string curve = text(object, "crv");
  const ByteView type = curve == "Ed25519"  ? oid::ed25519()
                        : curve == "Ed448"  ? oid::ed448()
                        : curve == "X25519" ? oid::x25519()
                        : curve == "X448"   ? oid::x448()
                                            : ByteView();
  const auto x = bytes_of(object, "x"), d = bytes_of(object, "d");
  if (type.empty()) return false;
  auto public_key = key_with_oid(type, x.view());
  if (!public_key) return false;
  key.public_key = std::move(*public_key);
  key.is_private = !d.view().empty();
  if (key.is_private) key.consistent = curve_agrees(key.public_key, d.view());
  return true;
}

struct SignatureKind {
  std::string_view name;
  std::uint8_t last_arc;
  std::size_t public_bytes;
};

/// FIPS 204; the arcs are 2.16.840.1.101.3.4.3.17 to .19 (RFC 9881).
constexpr std::array<SignatureKind, 3> kMlDsa{{{"ML-DSA-44", 17, 1312}, {"ML-DSA-65", 18, 1952}, {"ML-DSA-87", 19, 2592}}};

bool read_akp(const json& object, Jwk& key) {
  const auto kind = std::ranges::find(kMlDsa, text(object, "alg"), &SignatureKind::name);
  const auto pub = bytes_of(object, "pub"), priv = bytes_of(object, "priv");
  if (kind == kMlDsa.end() || pub.view().size() != kind->public_bytes) return false;
  const std::array<std::uint8_t, 9> type{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, kind->last_arc};
  auto public_key = key_with_oid(type, pub.view());
  if (!public_key) return false;
  key.public_key = std::move(*public_key);
  key.public_key.key_type = kind->name;
  key.is_private = !priv.view().empty();
  return true;
}

bool read_oct(const json& object, Jwk& key) {
  constexpr std::size_t kSecretBytesMin = 8;
  key.secret = bytes_of(object, "k");
  key.symmetric = true;
  key.public_key.key_type = "oct";
  key.public_key.size_bits = key.secret.view().size() * 8;
  return key.secret.view().size() >= kSecretBytesMin;
}

void read_certificates(const json& object, Jwk& key) {
  const auto chain = object.find("x5c");
  if (chain == object.end() || !chain->is_array()) return;
  for (const json& certificate : *chain) {
    if (!certificate.is_string() || key.certificates.size() == kCertificatesMax) return;
    if (auto der = base64_decode(certificate.get_ref<const std::string&>())) key.certificates.push_back(std::move(*der));
  }
}

}  // namespace

std::optional<Jwk> read_jwk(const json& object) {
  const std::string type = text(object, "kty");
  Jwk key;
  const bool read = type == "RSA"   ? read_rsa(object, key)
                    : type == "EC"  ? read_ec(object, key)
                    : type == "OKP" ? read_okp(object, key)
                    : type == "AKP" ? read_akp(object, key)
                    : type == "oct" ? read_oct(object, key)
                                    : false;
  if (!read) return std::nullopt;
  read_certificates(object, key);
  return key;
}

}  // namespace landwaiter::detectors
