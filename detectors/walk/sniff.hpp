// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/walk/inflate.hpp"

namespace landwaiter::detectors {

/// How the walker treats a file's content, by its first bytes.
struct Content {
  enum class Kind { plain, tar, zip, compressed };
  Kind kind = Kind::plain;
  Compression compression = Compression::none;
  std::size_t prefix_bytes = 0;  ///< before the archive: the script of an executable jar
};

/// How much of a file sniff_content needs; less if the file is shorter.
inline constexpr std::size_t kContentSniffBytes = 512;

/// True for a script, in whose first limits::script_before_zip_bytes_max bytes a zip may start: then sniff_content needs that much.
bool begins_as_script(ByteView head);

Content sniff_content(ByteView head);
bool looks_like_tar(ByteView head);

}  // namespace landwaiter::detectors
