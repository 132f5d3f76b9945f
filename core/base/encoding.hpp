// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>

namespace landwaiter {

/// Lower-case hexadecimal.
std::string hex_encode(ByteView bytes);
/// Either case; nothing on an odd length or another character.
std::optional<Bytes> hex_decode(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string base64_encode(ByteView bytes);
/// RFC 4648 section 4. White space is skipped; missing padding and non-zero trailing bits are tolerated,
/// more padding than belongs there and any other character are not.
std::optional<Bytes> base64_decode(std::string_view text);
/// RFC 4648 section 5, without padding.
std::string base64url_encode(ByteView bytes);
/// RFC 4648 section 5; padding is optional, white space is an error.
std::optional<Bytes> base64url_decode(std::string_view text);

}  // namespace landwaiter
