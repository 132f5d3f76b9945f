// SPDX-License-Identifier: Apache-2.0
#include "core/assess/blocklist.hpp"

#include "core/base/encoding.hpp"

#include <algorithm>

namespace landwaiter {
namespace {

/// Adjacent records whose order is checked on opening: enough to recognize another kind of file without reading a gigabyte.
constexpr std::size_t kNeighborsChecked = 4096;

bool before(ByteView a, ByteView b) { return std::ranges::lexicographical_compare(a, b); }

}  // namespace

Result<std::shared_ptr<const Blocklist>> Blocklist::over(ByteView records, std::shared_ptr<const void> owner, const std::string& name) {
  const Error malformed(ErrorCode::malformed, name + ": is not a blocklist: records of 16 bytes, sorted");
  if (records.empty() || records.size() % kRecordBytes != 0) return malformed;
  const std::shared_ptr<const Blocklist> list(new Blocklist(records, std::move(owner)));
  const std::size_t step = std::max<std::size_t>(1, list->size() / kNeighborsChecked);
  for (std::size_t i = step; i < list->size(); i += step) {
    if (before(list->hash_at(i), list->hash_at(i - step))) return malformed;
  }
  return list;
}

std::optional<unsigned> Blocklist::find(std::string_view key_hash) const {
  const auto wanted = hex_decode(key_hash);
  if (!wanted || wanted->size() != kHashBytes) return std::nullopt;
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (before(hash_at(middle), *wanted)) low = middle + 1;
    else high = middle;
  }
  if (low == size() || before(*wanted, hash_at(low))) return std::nullopt;
  return records_[low * kRecordBytes + kHashBytes];
}

}  // namespace landwaiter
