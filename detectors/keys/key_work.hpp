// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/work_meter.hpp"

#include <cstddef>
#include <cstdint>

namespace landwaiter::detectors {

/// About what operations on public keys cost at most, for charge_work(), by OpenSSL's generic code: curves that it has faster code for cost
/// less. Compared with `openssl speed` of OpenSSL 3.0 on one core of 2.x GHz, in microseconds:
///
///   operation                    measured           here
///   571-bit binary field         1200 to 2100       2650   multiplication(571)
///   P-521                        180 to 350         2210   multiplication(521)
///   X25519, Ed25519              24 to 26           105    raw_multiplication(255)
///   X448, Ed448                  131 to 157         241    raw_multiplication(448)
///   DSA 2048, exponent of 256    180                562    power(256, 2048)
///   RSA 4096 by e = 65537        49                 149    power(17, 4096)
///   DH 4096, exponent of 4096    about 14000        34600  power(4096, 4096)
namespace key_work {

/// Making a group and checking that a point is on it.
inline constexpr std::uint64_t curve(std::size_t bits) { return 40'000 + bits * bits; }
/// Making a group and a square root in its field.
inline constexpr std::uint64_t decompression(std::size_t bits) { return 40'000 + 4 * bits * bits; }
/// A scalar times a point; a binary field of 571 bits takes 2.4 ms.
inline constexpr std::uint64_t multiplication(std::size_t bits) { return 40'000 + 8 * bits * bits; }
/// The same on the curves of RFC 7748.
inline constexpr std::uint64_t raw_multiplication(std::size_t bits) { return 40'000 + bits * bits; }
/// An RSA or DSA operation: a square or product of 64-bit words for each bit of the exponent.
inline constexpr std::uint64_t power(std::size_t exponent_bits, std::size_t modulus_bits) {
  const std::uint64_t words = modulus_bits / 64 + 1;
  return 2 * exponent_bits * words * words + 5'000;
}
/// A product of numbers with that many bits in all.
inline constexpr std::uint64_t product(std::size_t bits) { return bits / 64 * (bits / 64) + 2'000; }

/// OpenSSL making objects of DER, with all of its allocations; those that hold a public key also make that, by a provider.
inline constexpr std::uint64_t objects(std::size_t der_bytes) { return 5'000 + 25 * der_bytes; }
inline constexpr std::uint64_t objects_with_key(std::size_t der_bytes) { return 60'000 + 50 * der_bytes; }

/// Generating the public half of an ML-DSA or ML-KEM key with that many rows.
inline constexpr std::uint64_t lattice(std::size_t rows) { return 200'000 + 20'000 * rows * rows; }

/// All checks of rsa_checks.hpp: mostly divisions of the modulus by all small primes.
inline constexpr std::uint64_t modulus_checks(std::size_t bits) {
  const std::uint64_t words = bits / 64 + 1;
  return 10'000 + 5'000 * words + 12 * words * words;
}

}  // namespace key_work
}  // namespace landwaiter::detectors
