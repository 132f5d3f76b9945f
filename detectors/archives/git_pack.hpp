// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/archives/entry_reader.hpp"
#include "detectors/archives/git_objects.hpp"
#include "detectors/engine/decoder.hpp"
#include "detectors/engine/peek_source.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::detectors {

/// The objects of a git pack as entries, "blob 7": what a repository once held, also if no branch shows it any more. An object that is
/// stored as a difference to another is put together if that is still at hand, and otherwise given as what it adds, "delta 8".
class GitPack final : public EntryReader {
 public:
  explicit GitPack(PeekSource& source) : source_(source) {}

  Step next() override;
  Result<Block> read() override;
  /// Objects of which only what they add was given.
  std::uint64_t apart() const { return apart_; }

 private:
  Step fail(const std::string& why);
  bool pass_over_object();
  bool begin_object();
  bool read_base();
  Step end();
  Result<ByteView> inflate();
  Result<Block> read_delta();
  void keep_object();
  Result<ByteView> input();
  void take(std::size_t count);
  std::optional<std::uint8_t> byte();

  PeekSource& source_;
  std::unique_ptr<Decoder> decoder_;
  std::array<std::uint8_t, 16 * 1024> buffer_{};
  Bytes before_;    ///< the last bytes that were taken
  Bytes returned_;  ///< those of them that a decoder did not need
  GitObjects kept_;
  GitObject object_;  ///< the one at hand, if it is to be kept; a delta while it is read
  DeltaInserts delta_;
  const GitObject* base_ = nullptr;  ///< of the delta at hand
  unsigned type_ = 0;                ///< of the object at hand
  bool is_delta_ = false;
  bool in_object_ = false;
  bool whole_ = false;  ///< all of the object at hand is in object_ so far
  bool begun_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t apart_ = 0;
  std::uint64_t offset_ = 0;    ///< in the pack
  std::uint64_t begin_ = 0;     ///< of the object at hand
  std::uint64_t size_ = 0;      ///< of the object at hand, as it says
  std::uint64_t inflated_ = 0;  ///< of it, so far
  std::uint64_t position_ = 0;
};

}  // namespace landwaiter::detectors
