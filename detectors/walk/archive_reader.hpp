// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/memory_meter.hpp"
#include "detectors/engine/file_reader.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

struct archive;
struct archive_entry;

namespace landwaiter::detectors {

enum class ArchiveFormat { tar, zip };

/// One entry's header. Views are valid until the next call of ArchiveReader::next.
struct ArchiveEntry {
  using Type = EntryType;

  std::string name;         ///< raw bytes, or UTF-8 if libarchive cannot provide those
  std::string link_target;  ///< of a hard link
  Type type = Type::file;
  std::uint64_t size_bytes = 0;  ///< as the header says
  bool size_known = false;       ///< the header does say it
  bool exact_size = false;       ///< size_bytes is the content's size, unless the archive is truncated
  bool sparse = false;           ///< has holes: read() may jump
  std::string unsupported;       ///< why the content cannot be read; empty if it can
  std::string warning;           ///< libarchive's warning about the header

  /// POSIX lets a hard link bring the file's content once more.
  bool has_content() const { return type == Type::file || (type == Type::hard_link && size_bytes > 0); }
};

/// What an open archive takes in all: libarchive's state and buffers, bytes that are looked at in advance, a small decoder's state.
inline constexpr std::uint64_t kOpenArchiveBytes = 1 * limits::MiB;

/// Reads a tar (POSIX.1-2017 pax, ustar, GNU, v7) or, from its local headers, a zip (APPNOTE.TXT) as a stream with libarchive. Writes
/// nothing, reads no file. A tar ends where container engines end it, at its two zero blocks.
class ArchiveReader {
 public:
  /// `header_bytes_max` bounds what a tar may hold between two entries.
  ArchiveReader(ByteSource& source, ArchiveFormat format, std::uint64_t header_bytes_max);
  ~ArchiveReader();

  enum class Step {
    entry,    ///< entry() is the next one
    damaged,  ///< something unreadable was skipped: call again; error() says what
    end,
    failed,  ///< nothing more can be read: error() is the source's own error if it had one
  };
  Step next();
  const ArchiveEntry& entry() const { return entry_; }
  /// What else the header of entry() says: apart, because nobody asks for it of most entries. Nothing for a zip, whose local headers do
  /// not have it.
  std::optional<EntryMetadata> metadata() const;
  /// For entry(), raw bytes; empty if it is not a symbolic link.
  std::string symbolic_link() const;

  struct Block {
    std::uint64_t offset = 0;  ///< in the entry; beyond the last block's end there is a hole
    ByteView bytes;            ///< empty at the entry's end; valid until the next call
  };
  /// An error concerns this entry alone unless failed().
  Result<Block> read();
  /// A defect of content that read() still returned, such as a wrong checksum; cleared by the call.
  std::optional<Error> take_warning() { return std::exchange(warning_, std::nullopt); }

  bool failed() const { return failed_; }
  const Error& error() const { return error_; }
  /// After Step::end: bytes already read from the source after the archive's end.
  ByteView rest() const;

 private:
  struct Source;
  struct Free {
    void operator()(struct ::archive* archive) const;
  };

  void fill_entry(struct ::archive_entry* header);
  bool pay_for_header(std::uint64_t bytes);
  bool pay_for_bzip2();
  std::uint64_t header_work() const;
  bool pay_for_work();
  Step pass_over();
  std::string_view format_name() const;
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
  ArchiveEntry entry_;
  struct ::archive_entry* header_ = nullptr;  ///< of entry_; libarchive's
  bool opened_ = false;
  bool in_entry_ = false;
  bool failed_ = false;
  std::optional<Error> warning_;
  std::int64_t damaged_at_ = -1;
  Error error_;
};

}  // namespace landwaiter::detectors
