// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/work_meter.hpp"

#include <cstddef>
#include <cstdint>

namespace landwaiter::detectors {

/// About what operations on public keys cost at most, for charge_work(), by OpenSSL's generic code: curves that it has faster code for cost
/// less.
namespace key_work {

/// Making a group and checking that a point is on it.
inline constexpr std::uint64_t curve(std::size_t bits) { return 40'000 + bits * bits; }
/// A scalar times a point; a binary field of 571 bits takes 2.4 ms.
inline constexpr std::uint64_t multiplication(std::size_t bits) { return 40'000 + 8 * bits * bits; }
/// An RSA or DSA operation: a square or product of 64-bit words for each bit of the exponent.
inline constexpr std::uint64_t power(std::size_t exponent_bits, std::size_t modulus_bits) {
  const std::uint64_t words = modulus_bits / 64 + 1;
  return 2 * exponent_bits * words * words + 5'000;
}
/// A product of numbers with that many bits in all.
inline constexpr std::uint64_t product(std::size_t bits) { return bits / 64 * (bits / 64) + 2'000; }

/// All checks of rsa_checks.hpp: mostly divisions of the modulus by all small primes.
inline constexpr std::uint64_t modulus_checks(std::size_t bits) {
  const std::uint64_t words = bits / 64 + 1;
  return 10'000 + 5'000 * words + 12 * words * words;
}

}  // namespace key_work
}  // namespace landwaiter::detectors
