// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string_view>

namespace landwaiter::detectors::ml_kem {

/// A parameter set of ML-KEM (FIPS 203, table 2).
struct Set {
  std::string_view name;
  std::size_t k = 0;  ///< rank of the module
  std::size_t eta = 0;

  std::size_t expanded_bytes() const { return 768 * k + 96; }
  std::size_t public_bytes() const { return 384 * k + 32; }
};
constexpr std::size_t kSeedBytes = 64;

const Set* find_set(std::string_view name);

/// FIPS 203, algorithm 16, from d and z one after the other.
Bytes public_of_seed(const Set& set, ByteView seed);
/// The public key is a part of the private one; nothing if that does not have the hash beside it.
std::optional<Bytes> public_of_expanded(const Set& set, ByteView expanded);

}  // namespace landwaiter::detectors::ml_kem
