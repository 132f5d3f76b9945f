// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/archives/entry_reader.hpp"
#include "detectors/engine/peek_source.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace landwaiter::detectors {

/// The new ASCII formats, the old one of POSIX.1-1988, and the binary one of either byte order (libarchive's cpio(5) has them all), by a
/// header that can be one.
bool looks_like_cpio(ByteView head);

struct CpioHeader;

/// The files of a cpio. It ends with its trailer; the source then is at what comes behind it. Not libarchive's, which reserves as much
/// memory as a header says that a name is long.
class Cpio final : public EntryReader {
 public:
  explicit Cpio(PeekSource& source) : source_(source) {}

  /// `damaged` after bytes that are no header, up to the next one.
  Step next() override;
  std::optional<EntryMetadata> metadata() const override { return metadata_; }
  std::string symbolic_link() const override { return symbolic_link_; }
  Result<Block> read() override;

 private:
  Step fail(Error error);
  bool pass_over(std::uint64_t bytes);
  Result<void> find_header();
  void take(const CpioHeader& header);

  PeekSource& source_;
  EntryMetadata metadata_;  ///< of entry_
  std::string symbolic_link_;
  std::uint64_t left_ = 0;     ///< of the content at hand
  std::uint64_t padding_ = 0;  ///< behind it
};

}  // namespace landwaiter::detectors
