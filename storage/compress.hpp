// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace landwaiter::storage {

/// One zstd frame with its size and checksum (RFC 8878). Level 3 is zstd's own default.
Bytes zstd_compress(std::string_view text, int level = 3);

/// All frames in `compressed`, one after another. The bytes may come from outside: what they expand to is built in steps, and
/// limit_exceeded is returned as soon as it is more than `bytes_max`; a window beyond limits::zstd_window_log_max is refused. Anything
/// other than whole frames is malformed.
Result<std::string> zstd_decompress(ByteView compressed, std::uint64_t bytes_max);

/// What the first frame says that it expands to; 0 when it does not say.
std::uint64_t zstd_expanded_bytes(ByteView compressed);

}  // namespace landwaiter::storage
