// SPDX-License-Identifier: Apache-2.0
#include "core/base/secret.hpp"

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors::pem {

/// A header inside the block, such as "DEK-Info: AES-128-CBC,0A1B..." (RFC 1421, 4.6).
struct Header {
  std::string name;
  std::string value;
};

enum class State {
  decoded,       ///< a label, a body in base64 and the END of the same label
  bare,          ///< a label without a real body: a string constant in a program, a template
  damaged,       ///< a real body that cannot be decoded, or whose END is missing or names something else
  beyond_window  ///< the block continues after the window, which is not the end of the file
};

struct Block {
  State state = State::bare;
  std::size_t begin = 0;   ///< index of the first '-' of BEGIN
  std::size_t end = 0;     ///< one past the last '-' of END, or where reading stopped
  std::string_view label;  ///< "RSA PRIVATE KEY"; a view into the bytes
  std::vector<Header> headers;
  WipedBytes body;      ///< decoded; only when state is decoded
  std::string problem;  ///< why it is damaged, for people; contains no part of the body

  std::optional<std::string_view> header(std::string_view name) const;
};

/// Reads the block whose BEGIN line ends at `begin_line_end` (one past its last '-').
///
/// RFC 7468's lax form, and all that pem_text.hpp undoes: indentation, CRLF, no or any line breaks, comments, quotes, escapes. Any other
/// character outside the base64 alphabet damages the block. Reads to the next run of five dashes at most, so the cost of many blocks is
/// linear.
Block read_block(ByteView bytes, std::size_t begin_line_end, bool ends_file);

/// Where the next five dashes start from `from` on; those of END, if more of them stand before it.
std::size_t end_dashes(std::string_view text, std::size_t from);

/// No key or certificate has fewer characters of base64 than this; documentation puts "MIIE..." there.
inline constexpr std::size_t kBodyCharactersMin = 64;

}  // namespace landwaiter::detectors::pem
