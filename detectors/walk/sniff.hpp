// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/walk/inflate.hpp"

namespace landwaiter::detectors {

/// What the walker does with a file's content, by its first bytes alone.
struct Content {
  enum class Kind { plain, tar, zip, compressed };
  Kind kind = Kind::plain;
  Compression compression = Compression::none;
  std::size_t prefix_bytes = 0;  ///< before the archive: the script of an executable jar
};

/// How much of a file sniff_content wants to see; less when the file is shorter.
inline constexpr std::size_t kContentSniffBytes = 512;

/// True for a script, behind whose first limits::script_before_zip_bytes_max bytes a zip may begin: then sniff_content wants
/// to see that much.
bool begins_as_script(ByteView head);

Content sniff_content(ByteView head);
bool looks_like_tar(ByteView head);

}  // namespace landwaiter::detectors
