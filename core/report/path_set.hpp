// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "core/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// The paths that a layer writes, kept small: 48-bit hashes, sorted. Answers "does this layer write over that path?" with no false
/// negatives; a false positive occurs once in 2^48 / (number of paths) queries. As JSON: base64 of the differences between adjacent
/// hashes, each as LEB128.
class PathSet {
 public:
  /// `is_directory` matters: a directory over a directory hides nothing, over a file it does.
  void add(std::string_view path, bool is_directory);
  /// Sorts and removes duplicates; must be called after the last add and before contains.
  void seal();
  bool contains(std::string_view path, bool is_directory) const;
  std::size_t size() const { return hashes_.size(); }
  /// Room for one more, as make_room in core/base/memory_meter.hpp.
  bool make_room(MemoryShare& share) { return landwaiter::make_room(hashes_, 1, share); }

  std::string encode() const;
  static Result<PathSet> decode(std::string_view text);
  bool operator==(const PathSet&) const = default;

 private:
  std::vector<std::uint64_t> hashes_;
};

}  // namespace landwaiter
