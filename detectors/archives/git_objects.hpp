// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "detectors/engine/peek_source.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <span>

namespace landwaiter::detectors {

/// Turns a delta (gitformat-pack(5)) into what it adds: the texts that it inserts, without those that it copies from another object.
class DeltaInserts {
 public:
  /// Replaces the next piece of a delta by what it inserts, at its beginning; how much that is.
  std::size_t filter(std::span<std::uint8_t> bytes);
  /// All instructions so far are ones, and the last of them was complete.
  bool whole() const { return sizes_ == 0 && skip_ == 0 && insert_ == 0 && !odd_; }

 private:
  unsigned sizes_ = 2;  ///< of both objects, in front of the instructions
  unsigned skip_ = 0;   ///< bytes of a copy instruction
  unsigned insert_ = 0;
  bool odd_ = false;  ///< an instruction that is reserved
};

/// An object of a git pack, as long as there is room for it.
struct GitObject {
  unsigned type = 0;
  MemoryShare memory = {};
  Bytes bytes = {};

  /// False if there is no memory for that many bytes.
  bool reserve(std::uint64_t size);
};

/// What a delta makes of another object. An error says what is wrong with it, or that it costs too much.
Result<GitObject> apply_delta(const GitObject& base, ByteView delta);

/// The last objects of a pack, for deltas to them: these mostly follow soon.
class GitObjects {
 public:
  /// Larger ones are documents rather than keys.
  static constexpr std::uint64_t kObjectBytesMax = 1 * limits::MiB;

  /// Unless there is no room for it.
  void keep(std::uint64_t offset, GitObject object);
  /// Null if it is not there (any more). Valid until the next keep().
  const GitObject* at(std::uint64_t offset) const;
  /// By SHA-1, as objects of most repositories are named.
  const GitObject* named(ByteView name);

 private:
  using Name = std::array<std::uint8_t, 20>;
  static constexpr std::uint64_t kKeptBytesMax = 8 * limits::MiB;

  std::map<std::uint64_t, GitObject> kept_;  ///< by where they begin in the pack
  std::map<Name, std::uint64_t> names_;      ///< of those that begin before unnamed_
  std::uint64_t unnamed_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace landwaiter::detectors
