// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/openpgp/openpgp_key.hpp"

#include <optional>

namespace landwaiter::detectors::openpgp {

/// Whether the unencrypted private numbers of a key, as in their packet after the S2K usage octet, and their 16-bit checksum match the
/// public key. Nothing if these are not the algorithm's numbers.
std::optional<bool> secret_agrees(const Key& key, ByteView numbers);

}  // namespace landwaiter::detectors::openpgp
