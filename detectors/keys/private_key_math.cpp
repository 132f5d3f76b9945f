// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/private_key_math.hpp"

#include "core/base/limits.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_work.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace landwaiter::detectors {
namespace {

using Number = std::unique_ptr<BIGNUM, OpensslFree<BN_clear_free>>;
using Context = std::unique_ptr<BN_CTX, OpensslFree<BN_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, OpensslFree<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, OpensslFree<EC_POINT_clear_free>>;
using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;

Number number(ByteView magnitude) { return Number(BN_bin2bn(magnitude.data(), static_cast<int>(magnitude.size()), nullptr)); }

Bytes to_bytes(const BIGNUM* value) {
  Bytes out(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, out.data());
  return out;
}

/// OpenSSL keeps an error queue per thread; expected errors must not remain in it.
struct ErrorQueueCleaner {
  ~ErrorQueueCleaner() { ERR_clear_error(); }
};

std::size_t degree(const EC_GROUP* group) { return static_cast<std::size_t>(EC_GROUP_get_degree(group)); }

bool in_range(const EC_GROUP* group, const BIGNUM* scalar) { return !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0; }

bool on_curve(const EC_GROUP* group, ByteView encoded) {
  const Point point(EC_POINT_new(group));
  return point && EC_POINT_oct2point(group, point.get(), encoded.data(), encoded.size(), nullptr) == 1;
}

Bytes point_of(const EC_GROUP* group, const BIGNUM* scalar) {
  const Context context(BN_CTX_secure_new());
  if (!charge_work(key_work::multiplication(degree(group)))) return {};
  const Point point(EC_POINT_new(group));
  if (!context || !point || EC_POINT_mul(group, point.get(), scalar, nullptr, nullptr, context.get()) != 1) return {};
  const auto form = EC_GROUP_get_point_conversion_form(group);
  const std::size_t size = EC_POINT_point2oct(group, point.get(), form, nullptr, 0, context.get());
  Bytes out(size);
  if (size == 0 || EC_POINT_point2oct(group, point.get(), form, out.data(), size, context.get()) != size) return {};
  return out;
}

const std::array<RawKeyKind, 4>& raw_key_kinds() {
  static const std::array<RawKeyKind, 4> kinds{{{"Ed25519", EVP_PKEY_ED25519, oid::ed25519()},
                                                {"Ed448", EVP_PKEY_ED448, oid::ed448()},
                                                {"X25519", EVP_PKEY_X25519, oid::x25519()},
                                                {"X448", EVP_PKEY_X448, oid::x448()}}};
  return kinds;
}

}  // namespace

bool is_product(ByteView n, std::span<const ByteView> primes) {
  const ErrorQueueCleaner cleaner;
  const Context context(BN_CTX_secure_new());
  Number product(BN_new());
  if (!context || !product || BN_one(product.get()) != 1) return false;
  std::size_t bits = 0;
  for (const ByteView prime : primes) bits += bit_length(prime);
  if (bits > limits::key_bits_max + primes.size() || !charge_work(key_work::product(bits))) return false;
  for (const ByteView prime : primes) {
    const Number factor = number(prime);
    if (!factor || BN_is_zero(factor.get()) || BN_is_one(factor.get())) return false;
    if (BN_mul(product.get(), product.get(), factor.get(), context.get()) != 1) return false;
  }
  const Number expected = number(n);
  return expected && BN_cmp(product.get(), expected.get()) == 0;
}

std::optional<Bytes> power_modulo(ByteView base, ByteView exponent, ByteView modulus) {
  constexpr std::size_t kBitsMax = 4096;
  if (bit_length(modulus) > kBitsMax || bit_length(base) > kBitsMax || bit_length(exponent) > kBitsMax) return std::nullopt;
  if (modulus.empty() || (modulus.back() & 1) == 0) return std::nullopt;
  if (!charge_work(key_work::power(bit_length(exponent), bit_length(modulus)))) return std::nullopt;
  const ErrorQueueCleaner cleaner;
  const Context context(BN_CTX_secure_new());
  const Number g = number(base), x = number(exponent), p = number(modulus);
  const Number result(BN_new());
  if (!context || !g || !x || !p || !result) return std::nullopt;
  if (BN_mod_exp(result.get(), g.get(), x.get(), p.get(), context.get()) != 1) return std::nullopt;
  return to_bytes(result.get());
}

namespace {

/// Only named curves or explicit ones that OpenSSL accepts: fields of at most 661 bits.
Group read_group(ByteView parameters, int nid) {
  if (nid != 0) return Group(EC_GROUP_new_by_curve_name(nid));
  if (parameters[0] != der::kSequence || !der::well_formed(parameters, limits::der_depth_max)) return nullptr;
  constexpr std::size_t kFieldBitsMax = 661;
  if (!charge_work(key_work::curve(kFieldBitsMax))) return nullptr;
  const unsigned char* at = parameters.data();
  return Group(d2i_ECPKParameters(nullptr, &at, static_cast<long>(parameters.size())));
}

}  // namespace

PrivateKey ec_private_key(ByteView parameters, ByteView scalar, ByteView point) {
  PrivateKey key;
  key.public_key.key_type = "EC";
  if (parameters.empty()) return key;
  const ErrorQueueCleaner cleaner;
  const auto curve_oid = der::only_content(parameters, der::kOid);
  const int nid = curve_oid ? curve_nid(*curve_oid) : 0;
  const Group group = read_group(parameters, nid);
  if (group && !charge_work(key_work::curve(degree(group.get())))) return key;
  Bytes computed;
  if (group) {
    const Number secret = number(scalar);
    if (!secret) return key;
    BN_set_flags(secret.get(), BN_FLG_CONSTTIME);
    key.consistent = in_range(group.get(), secret.get()) && (point.empty() || on_curve(group.get(), point));
    if (point.empty() && key.consistent) computed = point_of(group.get(), secret.get());
  } else {
    // A curve that OpenSSL does not have: only the key's own values.
    key.consistent = false;
  }
  const ByteView known = point.empty() ? ByteView(computed) : point;
  auto public_key = ec_public_key(parameters, known);
  if (public_key) key.public_key = std::move(*public_key);
  if (known.empty()) key.public_key.spki.clear();
  return key;
}

const RawKeyKind* raw_key_kind(ByteView oid_content) {
  const auto& kinds = raw_key_kinds();
  const auto found = std::ranges::find_if(kinds, [&](const RawKeyKind& kind) { return std::ranges::equal(kind.oid, oid_content); });
  return found == kinds.end() ? nullptr : &*found;
}

std::optional<PublicKey> raw_public_key(const RawKeyKind& kind, ByteView scalar) {
  const ErrorQueueCleaner cleaner;
  if (!charge_work(key_work::raw_multiplication(8 * scalar.size()))) return std::nullopt;
  const Key key(EVP_PKEY_new_raw_private_key(kind.nid, nullptr, scalar.data(), scalar.size()));
  std::array<std::uint8_t, 64> out{};
  std::size_t size = out.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1) return std::nullopt;
  const Bytes type = der::write(der::kOid, {kind.oid});
  return public_key_with(der::write(der::kSequence, {type}), ByteView(out).first(size));
}

}  // namespace landwaiter::detectors
