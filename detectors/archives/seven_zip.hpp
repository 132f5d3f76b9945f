// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/archives/entry_reader.hpp"
#include "detectors/archives/seven_zip_header.hpp"

#include <array>
#include <memory>
#include <optional>

namespace landwaiter::detectors {

/// The files of a 7z archive, whose bytes are all at hand, because what says where they are is at its end. Each folder is unpacked once,
/// in one direction, by decoders that take their memory from the layer.
class SevenZip final : public EntryReader {
 public:
  /// `archive` outlives it.
  explicit SevenZip(ByteView archive) : archive_(archive) {}

  Step next() override;
  Result<Block> read() override;

 private:
  Step fail(Error error);
  bool pass_over();
  void open(const seven_zip::Folder& folder);
  Result<ByteView> unpack();

  ByteView archive_;
  std::optional<seven_zip::Header> header_;
  std::size_t file_ = 0;    ///< the next one
  std::size_t stream_ = 0;  ///< of the file at hand
  std::size_t folder_ = 0;
  std::uint64_t stream_of_folder_ = 0;
  bool in_file_ = false;
  bool at_folder_ = false;       ///< the folder is open, or cannot be opened
  std::optional<Error> broken_;  ///< why the rest of the folder cannot be read
  std::unique_ptr<Decoder> decoder_;
  ByteView packed_;  ///< of the folder, not unpacked yet
  std::uint64_t position_ = 0;
  std::uint32_t checksum_ = 0;
  std::array<std::uint8_t, 32 * 1024> buffer_{};
};

}  // namespace landwaiter::detectors
