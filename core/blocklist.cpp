// SPDX-License-Identifier: Apache-2.0
#include "core/blocklist.hpp"

#include "core/encoding.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace landwaiter {
namespace {

/// Neighbours whose order is checked on opening: enough to tell another kind of file, without reading a gigabyte.
constexpr std::size_t kNeighboursChecked = 4096;

bool before(ByteView a, ByteView b) { return std::ranges::lexicographical_compare(a, b); }

/// The whole file, mapped; empty for an empty one.
Result<ByteView> map_file(const std::filesystem::path& file) {
  const auto fail = [&](const char* what) { return Error(ErrorCode::io, file.string() + ": " + what); };
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail("cannot be opened");
  struct stat facts {};
  const bool regular = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
  const auto size = static_cast<std::size_t>(regular ? facts.st_size : 0);
  void* at = size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  ::close(descriptor);
  if (!regular) return fail("is not a file");
  if (at == MAP_FAILED) return fail("cannot be mapped");
  return ByteView(static_cast<const std::uint8_t*>(at), size);
}

}  // namespace

Result<std::shared_ptr<const Blocklist>> Blocklist::open(const std::filesystem::path& file) {
  const auto records = map_file(file);
  if (!records) return records.error();
  const std::shared_ptr<const Blocklist> list(new Blocklist(*records));
  const Error malformed(ErrorCode::malformed, file.string() + ": is not a blocklist: records of 16 bytes, sorted");
  if (records->empty() || records->size() % kRecordBytes != 0) return malformed;
  const std::size_t step = std::max<std::size_t>(1, list->size() / kNeighboursChecked);
  for (std::size_t i = step; i < list->size(); i += step) {
    if (before(list->hash_at(i), list->hash_at(i - step))) return malformed;
  }
  return list;
}

Blocklist::~Blocklist() {
  if (!records_.empty()) ::munmap(const_cast<std::uint8_t*>(records_.data()), records_.size());
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
