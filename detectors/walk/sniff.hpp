// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/inflate.hpp"

#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// How the walker treats a file's content, by its first bytes.
struct Content {
  enum class Kind {
    plain,
    tar,
    zip,
    ar,    ///< Debian packages, static libraries: its members lie in it as they are
    cpio,  ///< initial RAM disks, the payload of RPM packages
    rpm,   ///< headers, then a compressed cpio
    git_pack,
    seven_zip,
    asar,
    cab,
    sqlite,  ///< for the rows that lie on several pages
    compressed,
    unopened,  ///< `name` says what: known, but not opened
  };
  Kind kind = Kind::plain;
  Compression compression = Compression::none;
  std::string_view name = "file";  ///< "zip archive", "gzip file"
  bool certain = true;             ///< if it cannot be opened, that is worth telling
};

/// How much of a file sniff_content needs; less if the file is shorter.
inline constexpr std::size_t kContentSniffBytes = 512;
/// How much it needs to know disk images; what is shorter is not one.
inline constexpr std::size_t kDiskImageSniffBytes = 34 * 1024;

/// `head` may be longer than what is needed: then more is known by it.
Content sniff_content(ByteView head);
bool looks_like_tar(ByteView head);

/// A zip's local header needs that many bytes to be told from other bytes.
inline constexpr std::size_t kZipHeaderBytes = 64;
/// Whether a zip archive begins here, in the middle of other bytes: a local header with possible values.
bool begins_zip(ByteView head);
/// Whether a file begins as a program for Windows does: only such ones have a cabinet behind them.
bool is_windows_program(ByteView head);
/// The first place where a zip's local header or end record or a 7z archive may begin, and in a program for Windows a cabinet, also one
/// that is cut off at the end; the size if there is none.
std::size_t find_archive_mark(ByteView bytes, bool windows_program);

/// The end record of a zip that has entries (APPNOTE.TXT, 4.3.16).
inline constexpr std::size_t kZipEndBytes = 22;
/// From its start to the end of the file, if it is one; `head` has kZipEndBytes.
std::optional<std::size_t> zip_end_size(ByteView head);

}  // namespace landwaiter::detectors
