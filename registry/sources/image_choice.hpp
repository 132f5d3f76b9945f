// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::registry {

/// An image of a layout or an archive, as its index has it.
struct NamedImage {
  std::string id;                  ///< its digest if it is known: entries with one id are one image
  std::vector<std::string> names;  ///< may be empty
};

/// Which of them is meant: by its whole name (in any spelling of a reference), by a tag or the end of a name, by its digest, or by nothing
/// if there is only one. `where` is the prefix and path that the user gave. Errors: not_found and, if several are meant,
/// invalid_argument; both list what is there and how to name it.
Result<std::size_t> choose_image(std::span<const NamedImage> images, const std::string& wanted, const std::string& where);

/// "PATH[:NAME]" or "PATH@DIGEST", taken apart.
struct LocalName {
  std::string path;  ///< "-" for standard input
  std::string name;  ///< a tag, a whole reference or a digest; may be empty
};

/// Paths have colons, and so have references: the path is the longest beginning that exists.
LocalName split_local_name(std::string_view text);

/// The prefix under which `landwaiter scan` reads what lies there ("oci:", "oci-archive:", "docker-archive:"), or nothing.
std::string prefix_for(const std::string& path);

}  // namespace landwaiter::registry
