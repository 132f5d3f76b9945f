// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <initializer_list>

namespace landwaiter::detectors {

enum class Sponge { sha3_256, sha3_512, shake128, shake256 };

/// `size` bytes of SHA-3's functions (FIPS 202) over the parts one after the other; of SHA3-256 and SHA3-512 all that they have. Never
/// fewer: throws when OpenSSL fails.
Bytes sponge(Sponge function, std::initializer_list<ByteView> parts, std::size_t size);

}  // namespace landwaiter::detectors
