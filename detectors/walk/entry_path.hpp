// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// A name from an archive in the form for occurrences, whiteouts and path sets. It is never used to open a file.
struct EntryPath {
  std::string text;      ///< no leading "/", no empty or "." components, printable (core/base/text.hpp); "" is the root
  bool dot_dot = false;  ///< has ".." components, which are kept
  bool cut = false;      ///< was longer than limits::path_bytes_max
};

EntryPath entry_path(std::string_view raw);

/// What an entry of a layer means (OCI image-spec, layer.md, "Whiteouts").
enum class EntryMeaning {
  content,
  whiteout,          ///< ".wh.NAME" deletes NAME of the layers below
  opaque_directory,  ///< ".wh..wh..opq" hides all that lower layers have in its directory
  aufs_metadata,     ///< other names that start with ".wh..wh.": not part of the image
};

/// `subject` becomes the path that is deleted, or the directory that is opaque; else it is left alone.
EntryMeaning entry_meaning(std::string_view path, std::string& subject);

/// The last component.
std::string_view base_name(std::string_view path);

/// The name of the content of a compressed file without a tar: "a.pem" for "a.pem.gz"; other names get ".content" appended.
std::string uncompressed_name(std::string_view path);

}  // namespace landwaiter::detectors
