// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "detectors/engine/decoder.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors::seven_zip {

/// Bytes that are packed together, and how.
struct Folder {
  static constexpr std::size_t kCodersMax = 4;
  std::array<RawCoder, kCodersMax> coders{};  ///< in the order in which they packed; none if the bytes lie there as they are
  std::size_t coder_count = 0;
  const char* unsupported = nullptr;  ///< why it cannot be unpacked
  std::uint64_t packed_at = 0;        ///< in the archive
  std::uint64_t packed_bytes = 0;
  std::uint64_t bytes = 0;  ///< unpacked
  std::optional<std::uint32_t> checksum = std::nullopt;
  std::uint64_t streams = 1;
};

/// A part of a folder: the content of a file.
struct Stream {
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> checksum = std::nullopt;
};

struct File {
  std::size_t name_at = 0;  ///< in the header, in UTF-16
  std::size_t name_bytes = 0;
  bool has_stream = false;
  bool is_directory = false;
};

/// The list of what is in a 7z archive ("7zFormat.txt" of 7-Zip). Its memory is the layer's; views are into `bytes`.
struct Header {
  MemoryShare memory = {};
  Bytes bytes = {};
  std::vector<Folder> folders = {};
  std::vector<Stream> streams = {};
  std::vector<File> files = {};

  std::string name_of(const File& file) const;
};

/// The archive's first bytes say where its header is, and so how long it is.
inline constexpr std::size_t kStartBytes = 32;
Result<std::uint64_t> size_of(ByteView start);

/// `archive` is the whole archive.
Result<Header> read_header_of(ByteView archive);

/// Why bytes that are packed so cannot be unpacked, or what unpacks them: nothing if they lie there as they are.
Result<std::unique_ptr<Decoder>> open_folder(const Folder& folder);

/// As 7-Zip computes it, of a piece after others.
std::uint32_t checksum_of(ByteView bytes, std::uint32_t before = 0);

}  // namespace landwaiter::detectors::seven_zip
