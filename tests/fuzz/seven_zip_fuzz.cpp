// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a 7z archive packs and as its header, with the checksums that it should have: whatever they say, reading ends, and
// takes no more memory or work than the meters allow.
#include "core/base/work_meter.hpp"
#include "detectors/archives/seven_zip.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value & 0xff);
  return out;
}

std::string archive_of(std::string_view packed, std::string_view header) {
  const auto checksum = [](std::string_view text) { return number(seven_zip::checksum_of(as_bytes(text)), 4); };
  const std::string where = number(packed.size(), 8) + number(header.size(), 8) + checksum(header);
  return std::string("7z\xbc\xaf\x27\x1c\0\x04", 8) + checksum(where) + where + std::string(packed) + std::string(header);
}

/// As far as a walk would before its budget ends; what is left is passed over.
void read_all(SevenZip& archive) {
  constexpr std::uint64_t kReadMax = 1 << 20;
  while (true) {
    const EntryReader::Step step = archive.next();
    if (step != EntryReader::Step::entry) return require(archive.next() == step);
    std::uint64_t position = 0;
    if (!archive.entry().has_content()) continue;
    for (auto block = archive.read(); block && !block->bytes.empty(); block = archive.read()) {
      require(block->offset == position);
      position += block->bytes.size();
      require(position <= archive.entry().size_bytes);
      if (position > kReadMax) break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text = as_text(ByteView(data + 2, size - 2));
  const std::size_t packed = std::min<std::size_t>(text.size(), data[0] + 256U * data[1]);
  const std::string bytes = archive_of(text.substr(0, packed), text.substr(packed));
  constexpr std::uint64_t kMemory = limits::kept_memory_bytes_min + 16 * limits::MiB;
  MemoryMeter memory;
  WorkMeter work;
  memory.begin(kMemory);
  // Each byte brings what a few of those that it may unpack to cost.
  work.begin(5'000'000);
  {
    const MemoryScope memory_scope(memory);
    const WorkScope work_scope(work);
    SevenZip archive(as_bytes(bytes));
    read_all(archive);
  }
  require(memory.peak() <= kMemory && memory.used() == 0);
  return 0;
}
