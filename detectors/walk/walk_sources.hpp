// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/walk/layer_walk.hpp"

#include <memory>
#include <optional>

namespace landwaiter::detectors {

/// How far one archive inside a file may still expand. Archives inside it count as well: otherwise a tree of small archives would
/// multiply the limit of each.
struct LayerWalk::Budget {
  LayerWalk& walk;
  const std::uint64_t& compressed_bytes;  ///< of the archive, read so far
  Budget* outer = nullptr;                ///< of the archive that this one lies in
  std::uint64_t expanded_bytes = 0;       ///< of its own entries
  std::uint64_t tree_bytes = 0;           ///< with all that is inside them
  bool exceeded = false;

  Result<void> spend(std::uint64_t bytes);
};

/// The content of the archive's current entry. `budget` is null if an outer level accounts for the bytes.
class LayerWalk::EntrySource final : public ByteSource {
 public:
  EntrySource(LayerWalk& walk, EntryReader& archive, Budget* budget)
      : walk_(walk), archive_(archive), budget_(budget), nested_(!walk.place_.archive.empty()) {}
  Result<ByteView> next() override;

 private:
  LayerWalk& walk_;
  EntryReader& archive_;
  Budget* budget_;
  bool nested_;  ///< read at the start, because the walk's place moves inside the entry
  std::uint64_t position_ = 0;
  bool ended_ = false;
  std::optional<Error> failed_;
};

/// An archive file's bytes before it is opened: the raw bytes are searched as well.
class LayerWalk::RawTee final : public ByteSource {
 public:
  RawTee(ByteSource& file, FileScan& raw) : file_(file), raw_(raw) {}
  Result<ByteView> next() override;
  /// The bytes that the archive's reader left.
  void drain();

  const std::uint64_t& bytes() const { return bytes_; }
  /// The file's own failure, not the archive's.
  const std::optional<Error>& failed() const { return failed_; }

 private:
  ByteSource& file_;
  FileScan& raw_;
  std::uint64_t bytes_ = 0;
  std::optional<Error> failed_;
};

/// A file while it is searched for archives: the raw bytes are searched as they pass, and archives opened where they begin.
struct LayerWalk::Parts {
  Parts(LayerWalk& walk, PeekSource& file)
      : first(walk.report_.mark()), tee(file, *walk.leaf_), bytes(tee), budget{walk, tee.bytes(), walk.innermost_} {}

  /// Where `bytes` is in the file.
  std::uint64_t position() const { return tee.bytes() - bytes.ahead(); }

  ReportBuilder::Mark first;
  RawTee tee;
  PeekSource bytes;
  Budget budget;
  MemoryShare memory;
  std::unique_ptr<FileScan> raw;  ///< of the file, from its first archive on: before, it is the walk's leaf
  std::uint64_t count = 0;        ///< of archives that were tried
  bool is_script = false;
  bool is_windows_program = false;
  bool at_line = false;     ///< a line of the script has just ended
  bool is_archive = false;  ///< from its first byte on
  bool opened = false;
  bool ended = false;                       ///< the last of them was read to its end
  std::optional<std::uint64_t> member_end;  ///< of the ar archive that the file is: where the member at hand ends, and `bytes` with it
  std::uint64_t zip_end = 0;                ///< where the file has to end if the last end record of a zip was one
};

/// Bytes as they come out of a decompressor inside a file, accounted for.
class LayerWalk::Spending final : public ByteSource {
 public:
  Spending(LayerWalk& walk, ByteSource& bytes, Budget& budget) : walk_(walk), bytes_(bytes), budget_(budget) {}
  Result<ByteView> next() override;

 private:
  LayerWalk& walk_;
  ByteSource& bytes_;
  Budget& budget_;
};

}  // namespace landwaiter::detectors
