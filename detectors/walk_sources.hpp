// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/layer_walk.hpp"

namespace landwaiter::detectors {

/// What one archive inside a file may still expand to.
struct LayerWalk::Budget {
  LayerWalk& walk;
  const std::uint64_t& compressed_bytes;  ///< of the archive, read so far
  std::uint64_t expanded_bytes = 0;
  bool exceeded = false;

  Result<void> spend(std::uint64_t bytes);
};

/// The content of the entry that an archive stands at. `budget` is null when a level further out accounts for the bytes.
class LayerWalk::EntrySource final : public ByteSource {
 public:
  EntrySource(LayerWalk& walk, ArchiveReader& archive, Budget* budget) : walk_(walk), archive_(archive), budget_(budget) {}
  Result<ByteView> next() override;

 private:
  LayerWalk& walk_;
  ArchiveReader& archive_;
  Budget* budget_;
  std::uint64_t position_ = 0;
  bool ended_ = false;
  std::optional<Error> failed_;
};

/// An archive file's bytes on their way to being opened: searched as they are, too.
class LayerWalk::RawTee final : public ByteSource {
 public:
  RawTee(ByteSource& file, FileScan& raw) : file_(file), raw_(raw) {}
  Result<ByteView> next() override;
  /// What the archive's reader left.
  void drain();

  const std::uint64_t& bytes() const { return bytes_; }
  /// The file's own failure, which is not the archive's.
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
