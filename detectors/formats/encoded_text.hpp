// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace landwaiter::detectors::encoded {

/// Text that encodes other bytes: where it stands, and what it decodes to. Decoded bytes may be private keys: whoever gets them wipes them.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;        ///< one past its last character
  std::string_view encoding;  ///< "base64", "base64url", "hex", "utf-16le", "utf-16be"
  Bytes bytes;
  bool open = false;  ///< the text ends where the bytes at hand do, so that it may go on
};

/// For an encoding whose length is not known.
inline constexpr std::size_t kAll = static_cast<std::size_t>(-1);

/// The base64 (RFC 4648, 4 or 5) whose first group begins at `begin`. It may be broken into lines, also by the escapes of JSON and by XML's
/// character references. Reads at most `characters_max` characters of the alphabet; where that is kAll, all lines but the last must be as
/// long as the first, so that text that merely follows on the next line is not taken in. Stops at padding. Left-over characters that make
/// no byte are dropped.
Run read_base64(ByteView text, std::size_t begin, std::size_t characters_max);

/// Hexadecimal digits from `begin` on, in either case, broken into lines or not.
Run read_hex(ByteView text, std::size_t begin, std::size_t digits_max);

/// ASCII in 16-bit units around the character at `at`, from it to the last unit that is ASCII text. The byte order cannot be told from
/// ASCII alone: `at` on an even offset of its file (`file_offset` is that of text[0]) is taken as little-endian.
Run read_utf16(ByteView text, std::size_t at, std::uint64_t file_offset);

/// Is what begins at `begin` the body of a PEM block, going back over white space and escapes to five dashes?
bool is_pem_body(ByteView text, std::size_t begin);

bool is_base64(std::uint8_t c);     ///< of the alphabet without '-' and '_'
bool is_base64url(std::uint8_t c);  ///< '-' or '_'

}  // namespace landwaiter::detectors::encoded
