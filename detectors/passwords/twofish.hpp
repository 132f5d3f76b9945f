// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"

#include <cstddef>
#include <optional>

namespace landwaiter::detectors {

inline constexpr std::size_t kTwofishKeyBytes = 32, kTwofishBlockBytes = 16;

/// Twofish with a key of 256 bits in CBC mode with PKCS #7 padding, which OpenSSL does not have and Bouncy Castle's UBER keystores use.
/// Nothing if key, iv or ciphertext have another size than the cipher's, or the padding is wrong.
std::optional<WipedBytes> decrypt_twofish_cbc(ByteView key, ByteView iv, ByteView ciphertext);

}  // namespace landwaiter::detectors
