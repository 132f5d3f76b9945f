// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/decoder.hpp"
#include "detectors/engine/peek_source.hpp"
#include "detectors/walk/entry_reader.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace landwaiter::detectors {

/// Turns a delta (gitformat-pack(5)) into what it adds: the texts that it inserts, without those that it copies from another object.
class DeltaInserts {
 public:
  /// Replaces the next piece of a delta by what it inserts, at its beginning; how much that is.
  std::size_t filter(std::span<std::uint8_t> bytes);

 private:
  unsigned sizes_ = 2;  ///< of both objects, in front of the instructions
  unsigned skip_ = 0;   ///< bytes of a copy instruction
  unsigned insert_ = 0;
};

/// The objects of a git pack as entries, "blob 7": what a repository once held, also if no branch shows it any more. Objects that are
/// stored as a delta to another are given as what they add to it, since the other would have to be kept for that.
class GitPack final : public EntryReader {
 public:
  explicit GitPack(PeekSource& source) : source_(source) {}

  Step next() override;
  Result<Block> read() override;
  std::uint64_t deltas() const { return deltas_; }

 private:
  Step fail(const std::string& why);
  bool pass_over_object();
  Result<ByteView> input();
  void take(std::size_t count);
  std::optional<std::uint8_t> byte();

  PeekSource& source_;
  std::unique_ptr<Decoder> decoder_;
  std::array<std::uint8_t, 16 * 1024> buffer_{};
  Bytes before_;    ///< the last bytes that were taken
  Bytes returned_;  ///< those of them that a decoder did not need
  DeltaInserts delta_;
  bool is_delta_ = false;
  bool in_object_ = false;
  bool begun_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t deltas_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace landwaiter::detectors
