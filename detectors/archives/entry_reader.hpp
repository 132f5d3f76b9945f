// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/engine/file_reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace landwaiter::detectors {

/// One entry's header. Views are valid until the next call of EntryReader::next.
struct ArchiveEntry {
  using Type = EntryType;

  std::string name;         ///< raw bytes, or UTF-8 if libarchive cannot provide those
  std::string link_target;  ///< of a hard link
  Type type = Type::file;
  std::uint64_t size_bytes = 0;  ///< as the header says
  bool size_known = false;       ///< the header does say it
  bool exact_size = false;       ///< size_bytes is the content's size, unless the archive is truncated
  bool sparse = false;           ///< has holes: read() may jump
  bool stored = false;           ///< the archive's own bytes show the content in one piece: searching those is enough for a plain file
  std::string unsupported;       ///< why the content cannot be read; empty if it can
  std::string warning;           ///< a warning about the header

  /// POSIX lets a hard link bring the file's content once more.
  bool has_content() const { return type == Type::file || (type == Type::hard_link && size_bytes > 0); }
};

/// An archive as a stream of entries, each a stream of bytes. Writes nothing, reads no file.
class EntryReader {
 public:
  EntryReader() = default;
  EntryReader(const EntryReader&) = delete;
  EntryReader& operator=(const EntryReader&) = delete;
  virtual ~EntryReader() = default;

  enum class Step {
    entry,    ///< entry() is the next one
    damaged,  ///< something unreadable was skipped: call again; error() says what
    end,
    failed,  ///< nothing more can be read: error() is the source's own error if it had one
  };
  virtual Step next() = 0;
  const ArchiveEntry& entry() const { return entry_; }
  /// What else the header of entry() says: apart, because nobody asks for it of most entries. Nothing where the format does not have it.
  virtual std::optional<EntryMetadata> metadata() const { return std::nullopt; }
  /// For entry(), raw bytes; empty if it is not a symbolic link.
  virtual std::string symbolic_link() const { return {}; }

  struct Block {
    std::uint64_t offset = 0;  ///< in the entry; beyond the last block's end there is a hole
    ByteView bytes;            ///< empty at the entry's end; valid until the next call
  };
  /// An error concerns this entry alone unless failed().
  virtual Result<Block> read() = 0;
  /// A defect of content that read() still returned, such as a wrong checksum; cleared by the call.
  std::optional<Error> take_warning() { return std::exchange(warning_, std::nullopt); }

  bool failed() const { return failed_; }
  const Error& error() const { return error_; }
  /// After the last step: bytes of the source's last chunk that come after the archive. Nothing if the source itself still has them.
  virtual ByteView rest() const { return {}; }

 protected:
  ArchiveEntry entry_;
  bool failed_ = false;
  std::optional<Error> warning_;
  Error error_;
};

}  // namespace landwaiter::detectors
