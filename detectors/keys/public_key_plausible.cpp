// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/public_key_plausible.hpp"

#include "core/base/limits.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/key_octets.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/post_quantum_key.hpp"
#include "detectors/keys/rsa_checks.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <memory>

namespace landwaiter::detectors {
namespace {

/// The algorithm's parameters and the BIT STRING of a SubjectPublicKeyInfo.
struct Parts {
  ByteView parameters;
  ByteView bits;
};

std::optional<Parts> parts_of(const PublicKey& key) {
  const auto fields = der::only_content(key.spki, der::kSequence);
  if (!fields) return std::nullopt;
  der::Reader reader(*fields);
  ByteView algorithm, type;
  Parts out;
  if (!reader.next(der::kSequence, algorithm) || !reader.bit_string(out.bits)) return std::nullopt;
  der::Reader inner(algorithm);
  if (!inner.next(der::kOid, type)) return std::nullopt;
  out.parameters = inner.rest();
  return out;
}

bool plausible_rsa(const PublicKey& key) {
  constexpr std::size_t kBitsMin = 512;
  constexpr std::size_t kExponentBytesMax = 8;
  const auto rsa = rsa_numbers(key);
  if (!rsa || key.size_bits < kBitsMin || key.size_bits > limits::key_bits_max || key.size_bits % 8 > 1) return false;
  if (rsa->exponent.empty() || rsa->exponent.size() > kExponentBytesMax || (rsa->exponent.back() & 1) == 0) return false;
  if (!charge_work(key_work::modulus_checks(key.size_bits))) return false;
  return !rsa::has_small_factor(rsa->modulus);
}

bool on_its_curve(const PublicKey& key, ByteView point) {
  if (!charge_work(key_work::curve(key.size_bits))) return false;
  const int nid = OBJ_sn2nid(key.named_curve().c_str());
  const std::unique_ptr<EC_GROUP, OpensslFree<EC_GROUP_free>> group(nid == NID_undef ? nullptr : EC_GROUP_new_by_curve_name(nid));
  const std::unique_ptr<EC_POINT, OpensslFree<EC_POINT_free>> read(group ? EC_POINT_new(group.get()) : nullptr);
  const bool on = read && EC_POINT_oct2point(group.get(), read.get(), point.data(), point.size(), nullptr) == 1 &&
                  EC_POINT_is_at_infinity(group.get(), read.get()) == 0;
  ERR_clear_error();
  return on;
}

struct RawSize {
  std::string_view key_type;
  std::size_t bytes;
};

/// RFC 8410; FIPS 203, table 3; FIPS 204, table 2.
constexpr std::array<RawSize, 10> kRawSizes{{{"Ed25519", 32},
                                             {"X25519", 32},
                                             {"Ed448", 57},
                                             {"X448", 56},
                                             {"ML-KEM-512", 800},
                                             {"ML-KEM-768", 1184},
                                             {"ML-KEM-1024", 1568},
                                             {"ML-DSA-44", 1312},
                                             {"ML-DSA-65", 1952},
                                             {"ML-DSA-87", 2592}}};

/// FIPS 205, table 2: twice n, which the name says.
std::size_t slh_dsa_size(std::string_view key_type) {
  if (key_type.find("-128") != std::string_view::npos) return 32;
  return key_type.find("-192") != std::string_view::npos ? 48 : 64;
}

std::size_t raw_size(std::string_view key_type) {
  if (key_type.starts_with("SLH-DSA")) return slh_dsa_size(key_type);
  const auto found = std::ranges::find(kRawSizes, key_type, &RawSize::key_type);
  return found == kRawSizes.end() ? 0 : found->bytes;
}

bool plausible_discrete_log(const PublicKey& key) {
  constexpr std::size_t kBitsMin = 512;
  const std::size_t y_bits = bit_length(key_value(key));
  return key.size_bits >= kBitsMin && key.size_bits <= limits::key_bits_max && y_bits > 1 && y_bits <= key.size_bits;
}

}  // namespace

bool is_plausible(const PublicKey& key) {
  const auto parts = parts_of(key);
  if (!parts) return false;
  if (key.key_type.starts_with("RSA")) return plausible_rsa(key);
  if (key.key_type == "EC") return on_its_curve(key, parts->bits);
  if (key.key_type == "DSA" || key.key_type == "DH") return plausible_discrete_log(key);
  // A composite has another key behind it.
  const bool composite = key.key_type.starts_with("MLDSA") || key.key_type.starts_with("MLKEM");
  const std::size_t size = raw_size(composite ? first_of_composite(key.key_type) : key.key_type);
  const bool right_size = composite ? parts->bits.size() > size : parts->bits.size() == size;
  return size != 0 && parts->parameters.empty() && right_size && may_be_key_octets(parts->bits);
}

}  // namespace landwaiter::detectors
