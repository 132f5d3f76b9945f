// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "detectors/archives/entry_reader.hpp"

#include <memory>
#include <optional>
#include <string>

struct archive;
struct archive_entry;

namespace landwaiter::detectors {

enum class ArchiveFormat { tar, zip, cab };

/// What an open archive takes in all: libarchive's state and buffers, bytes that are looked at in advance, a small decoder's state.
inline constexpr std::uint64_t kOpenArchiveBytes = 1 * limits::MiB;

/// With libarchive: a tar (POSIX.1-2017 pax, ustar, GNU, v7), from its local headers a zip (APPNOTE.TXT), or a cabinet, for which
/// the caller has paid (cab.hpp). A tar ends where container engines end it, at its two zero blocks.
class ArchiveReader final : public EntryReader {
 public:
  /// `header_bytes_max` bounds what a tar may hold between two entries.
  ArchiveReader(ByteSource& source, ArchiveFormat format, std::uint64_t header_bytes_max);
  ~ArchiveReader() override;

  Step next() override;
  /// Nothing for a zip, whose local headers do not have it.
  std::optional<EntryMetadata> metadata() const override;
  std::string symbolic_link() const override;
  Result<Block> read() override;
  ByteView rest() const override;

 private:
  struct Source;
  struct Free {
    void operator()(struct ::archive* archive) const;
  };

  void fill_entry(struct ::archive_entry* header);
  std::string zip_name() const;
  bool pay_for_header(std::uint64_t bytes);
  bool pay_for_bzip2();
  std::uint64_t header_work() const;
  bool pay_for_work();
  Step pass_over();
  bool lacks_only_padding() const;
  std::string_view format_name() const;
  bool has_separate_headers() const { return format_ == ArchiveFormat::tar; }
  void fail(std::string message);
  void fail_damaged();
  std::string reason() const;

  MemoryShare memory_;  ///< of what libarchive keeps, beyond kOpenArchiveBytes
  std::uint64_t header_paid_ = 0;
  bool bzip2_paid_ = false;
  bool bzip2_ = false;  ///< the entry is compressed with it
  std::unique_ptr<Source> source_;
  std::unique_ptr<struct ::archive, Free> archive_;
  ArchiveFormat format_;
  struct ::archive_entry* header_ = nullptr;  ///< of entry_; libarchive's
  bool opened_ = false;
  bool in_entry_ = false;
  bool ends_unpadded_ = false;
  std::uint64_t content_read_ = 0;  ///< of entry_, in bytes
  std::int64_t damaged_at_ = -1;
};

}  // namespace landwaiter::detectors
