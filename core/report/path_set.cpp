// SPDX-License-Identifier: Apache-2.0
#include "core/report/path_set.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"

#include <algorithm>

namespace landwaiter {
namespace {

constexpr std::uint64_t kHashMask = (std::uint64_t{1} << 48) - 1;

/// FNV-1a with a final mix (MurmurHash3's): stable across machines and versions, as it is stored.
std::uint64_t hash_path(std::string_view path, bool is_directory) {
  std::uint64_t hash = is_directory ? 0x84222325cbf29ce4u : 0xcbf29ce484222325u;
  for (const char c : path) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
  return (hash ^ hash >> 33) & kHashMask;
}

}  // namespace

void PathSet::add(std::string_view path, bool is_directory) { hashes_.push_back(hash_path(path, is_directory)); }

void PathSet::seal() {
  std::ranges::sort(hashes_);
  const auto duplicates = std::ranges::unique(hashes_);
  hashes_.erase(duplicates.begin(), duplicates.end());
}

bool PathSet::contains(std::string_view path, bool is_directory) const {
  return std::ranges::binary_search(hashes_, hash_path(path, is_directory));
}

std::string PathSet::encode() const {
  Bytes packed;
  packed.reserve(hashes_.size() * 6);
  std::uint64_t previous = 0;
  for (const std::uint64_t hash : hashes_) {
    std::uint64_t gap = hash - previous;
    previous = hash;
    for (; gap >= 0x80; gap >>= 7) packed.push_back(static_cast<std::uint8_t>(gap | 0x80));
    packed.push_back(static_cast<std::uint8_t>(gap));
  }
  return base64_encode(packed);
}

Result<PathSet> PathSet::decode(std::string_view text) {
  const auto packed = base64_decode(text);
  if (!packed) return Error(ErrorCode::malformed, "path set is not base64");
  PathSet set;
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < packed->size();) {
    std::uint64_t gap = 0;
    int shift = 0;
    std::uint8_t byte = 0x80;
    while (byte & 0x80) {
      if (i == packed->size() || shift > 42) return Error(ErrorCode::malformed, "path set is truncated");
      byte = (*packed)[i++];
      gap |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
    }
    hash += gap;
    const bool rising = set.hashes_.empty() || gap > 0;
    if (!rising || hash > kHashMask) return Error(ErrorCode::malformed, "path set is not sorted");
    if (set.hashes_.size() == limits::layer_entries_max) return Error(ErrorCode::limit_exceeded, "path set is too large");
    set.hashes_.push_back(hash);
  }
  return set;
}

}  // namespace landwaiter
