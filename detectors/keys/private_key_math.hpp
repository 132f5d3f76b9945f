// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/keys/private_key.hpp"
#include "detectors/keys/public_key.hpp"

#include <optional>
#include <span>

namespace landwaiter::detectors {

/// The arithmetic that derives the public half of a private key, each with bounded cost. Private numbers are wiped from their
/// allocations.

/// The order of the largest named curve (571 bits) fits; SEC 1 requires exactly the order's length.
inline constexpr std::size_t kScalarBytesMax = 72;

/// Whether n is the product of the primes, each larger than 1. At most limits::key_bits_max bits.
bool is_product(ByteView n, std::span<const ByteView> primes);

/// base^exponent mod modulus, minimal big-endian. Nothing if the modulus is even, zero, or has more than 4,096 bits.
std::optional<Bytes> power_modulo(ByteView base, ByteView exponent, ByteView modulus);

/// The key on the curve that `parameters` (an ECParameters element, or empty) names or specifies. The given point if there is one,
/// otherwise computed. On a curve that OpenSSL does not have, `consistent` is false, because nothing can be checked.
PrivateKey ec_private_key(ByteView parameters, ByteView scalar, ByteView point);

/// Ed25519, Ed448, X25519, X448.
struct RawKeyKind {
  const char* name;
  int nid;
  ByteView oid;
};
const RawKeyKind* raw_key_kind(ByteView oid_content);
std::optional<PublicKey> raw_public_key(const RawKeyKind& kind, ByteView scalar);

}  // namespace landwaiter::detectors
