// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/walk/layer_walk.hpp"

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
  EntrySource(LayerWalk& walk, ArchiveReader& archive, Budget* budget)
      : walk_(walk), archive_(archive), budget_(budget), nested_(!walk.place_.archive.empty()) {}
  Result<ByteView> next() override;

 private:
  LayerWalk& walk_;
  ArchiveReader& archive_;
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
