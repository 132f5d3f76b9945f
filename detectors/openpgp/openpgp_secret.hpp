// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/openpgp/openpgp_key.hpp"

#include <optional>

namespace landwaiter::detectors::openpgp {

/// Private numbers of a key, in clear, as their packet has them after the S2K usage octet: do they and their sum of 16 bits
/// belong to the public key? Nothing when these are not the numbers that the algorithm has.
std::optional<bool> secret_agrees(const Key& key, ByteView numbers);

}  // namespace landwaiter::detectors::openpgp
