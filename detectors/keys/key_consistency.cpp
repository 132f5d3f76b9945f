// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/key_consistency.hpp"

#include "core/base/secret.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/private_key_math.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace landwaiter::detectors {
namespace {

/// The AlgorithmIdentifier's object identifier, and the element after it.
bool algorithm_parts(const PublicKey& key, ByteView& type, ByteView& parameters) {
  der::Reader outer(key.spki);
  ByteView fields, algorithm;
  if (!outer.next(der::kSequence, fields) || !der::Reader(fields).next(der::kSequence, algorithm)) return false;
  der::Reader reader(algorithm);
  if (!reader.next(der::kOid, type)) return false;
  parameters = reader.rest();
  return true;
}

bool raw_agrees(const PublicKey& key, const RawKeyKind& kind, ByteView scalar, bool reversed) {
  const std::size_t size = kind.name == std::string_view("Ed448") ? 57 : kind.name == std::string_view("X448") ? 56 : 32;
  if (scalar.size() > size) return false;
  Bytes padded(size);
  std::ranges::copy(scalar, padded.begin() + static_cast<std::ptrdiff_t>(size - scalar.size()));
  if (reversed) std::ranges::reverse(padded);
  const auto computed = raw_public_key(kind, padded);
  wipe(padded);
  return computed && computed->spki == key.spki;
}

}  // namespace

bool rsa_agrees(ByteView n, std::span<const ByteView> primes) { return is_product(n, primes); }

bool discrete_log_agrees(ByteView p, ByteView g, ByteView y, ByteView x) {
  constexpr std::size_t kExponentBitsMax = 512;
  if (bit_length(x) == 0) return false;
  if (bit_length(x) > kExponentBitsMax) return true;
  const auto computed = power_modulo(g, x, p);
  return computed && std::ranges::equal(without_zeros(*computed), without_zeros(y));
}

bool curve_agrees(const PublicKey& key, ByteView scalar, bool reversed) {
  ByteView type, parameters;
  if (!algorithm_parts(key, type, parameters)) return false;
  if (const RawKeyKind* kind = raw_key_kind(type)) return raw_agrees(key, *kind, scalar, reversed);
  if (scalar.size() > kScalarBytesMax) return false;
  const PrivateKey computed = ec_private_key(parameters, scalar, {});
  return computed.consistent && computed.public_key.spki == key.spki;
}

}  // namespace landwaiter::detectors
