// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/sniff.hpp"

#include "core/base/limits.hpp"

namespace landwaiter::detectors {
namespace {

using namespace std::string_view_literals;

/// APPNOTE.TXT sections 4.3.7, 4.3.16 and 8.5.4: a local header, the end record of an empty archive, the mark of a split
/// archive that fitted one part.
constexpr std::string_view kZipLocalHeader = "PK\x03\x04";
constexpr std::string_view kZipEmpty = "PK\x05\x06";
constexpr std::string_view kZipUnsplit = "PK00PK\x03\x04";

}  // namespace

bool begins_as_script(ByteView head) { return as_text(head).starts_with("#!"); }

/// POSIX.1-2017 pax, "ustar Interchange Format": the magic is at 257. GNU writes "ustar  ".
bool looks_like_tar(ByteView head) { return head.size() >= 262 && as_text(head).substr(257, 5) == "ustar"; }

Content sniff_content(ByteView head) {
  const std::string_view text = as_text(head);
  if (text.starts_with(kZipLocalHeader) || text.starts_with(kZipEmpty) || text.starts_with(kZipUnsplit)) {
    return {Content::Kind::zip, Compression::none, 0};
  }
  const Compression compression = sniff_compression(head);
  if (compression != Compression::none) return {Content::Kind::compressed, compression, 0};
  if (looks_like_tar(head)) return {Content::Kind::tar, Compression::none, 0};
  if (begins_as_script(head)) {
    const std::size_t at = text.substr(0, limits::script_before_zip_bytes_max).find(kZipLocalHeader);
    if (at != std::string_view::npos) return {Content::Kind::zip, Compression::none, at};
  }
  return {};
}

}  // namespace landwaiter::detectors
