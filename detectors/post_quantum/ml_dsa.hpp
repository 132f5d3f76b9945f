// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string_view>

namespace landwaiter::detectors::ml_dsa {

/// A parameter set of ML-DSA (FIPS 204, table 1).
struct Set {
  std::string_view name;
  std::size_t k = 0, l = 0;  ///< rows and columns of the matrix
  int eta = 0;               ///< bound of the secret coefficients, 2 or 4

  std::size_t secret_bytes() const { return eta == 2 ? 96 : 128; }  ///< of one secret polynomial
  std::size_t expanded_bytes() const { return 128 + (k + l) * secret_bytes() + k * 416; }
  std::size_t public_bytes() const { return 32 + k * 320; }
};
constexpr std::size_t kSeedBytes = 32;

const Set* find_set(std::string_view name);

/// FIPS 204, algorithm 6.
Bytes public_of_seed(const Set& set, ByteView seed);
/// Nothing if the result does not have the hash that the private key contains.
std::optional<Bytes> public_of_expanded(const Set& set, ByteView expanded);

}  // namespace landwaiter::detectors::ml_dsa
