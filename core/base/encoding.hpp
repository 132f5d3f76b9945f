// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>

namespace landwaiter {

/// Lower-case hexadecimal.
std::string hex_encode(ByteView bytes);
/// Accepts both cases; nothing for an odd length or any other character.
std::optional<Bytes> hex_decode(std::string_view text);

/// Whether `c` is in the alphabet of RFC 4648 section 4, without the padding.
constexpr bool is_base64(int c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}
/// Whether `c` is in the alphabet of RFC 4648 section 5, without the padding.
constexpr bool is_base64url(int c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// RFC 4648 section 4, with padding.
std::string base64_encode(ByteView bytes);
/// RFC 4648 section 4. White space is skipped; missing padding and non-zero trailing bits are tolerated, excess padding and any other
/// character are not.
std::optional<Bytes> base64_decode(std::string_view text);
/// RFC 4648 section 5, without padding.
std::string base64url_encode(ByteView bytes);
/// RFC 4648 section 5; padding is optional, white space is an error.
std::optional<Bytes> base64url_decode(std::string_view text);

}  // namespace landwaiter
