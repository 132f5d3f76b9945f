// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace landwaiter::detectors::encoded {

/// Text that encodes other bytes: its place and the decoded bytes. These may be private keys: the receiver wipes them.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;        ///< one past its last character
  std::string_view encoding;  ///< "base64", "base64url", "hex", "utf-16le", "utf-16be", "url"
  Bytes bytes;
  bool open = false;  ///< the text ends with the window, so it may continue
};

/// For an encoding of unknown length.
inline constexpr std::size_t kAll = static_cast<std::size_t>(-1);

/// The base64 (RFC 4648, 4 or 5) whose first group starts at `begin`. It may be broken into lines, also by JSON escapes and XML character
/// references. Reads at most `characters_max` characters of the alphabet; if that is kAll, all lines except the last must be as long as
/// the first, so unrelated text on the next line is excluded. Stops at padding. Trailing characters that do not form a byte are dropped.
Run read_base64(ByteView text, std::size_t begin, std::size_t characters_max);

/// Hexadecimal digits from `begin` on, in either case, broken into lines or not.
Run read_hex(ByteView text, std::size_t begin, std::size_t digits_max);

/// A value of a URL or a form from `begin` on, with its %XX undone, and with `+` for a space if it is written so (WHATWG URL, 5.1).
Run read_percent(ByteView text, std::size_t begin, bool plus_is_space);

/// ASCII in 16-bit units around the character at `at`, from it to the last unit that is ASCII text. ASCII does not reveal the byte order:
/// `at` on an even offset of its file (`file_offset` is that of text[0]) is treated as little-endian.
Run read_utf16(ByteView text, std::size_t at, std::uint64_t file_offset);

/// Whether `begin` is the start of a PEM block's body, going back over white space and escapes to five dashes.
bool is_pem_body(ByteView text, std::size_t begin);

}  // namespace landwaiter::detectors::encoded
