// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/cab.hpp"

#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <string>

namespace landwaiter::detectors::cab {
namespace {

Error damaged(const char* why) { return {ErrorCode::malformed, std::string("cabinet is damaged: ") + why}; }

/// Zero beyond the end.
std::uint64_t little(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8U | (at + i < bytes.size() ? bytes[at + i] : 0U);
  return value;
}

struct Layout {
  std::size_t folders_at = kStartBytes;
  std::size_t folder_bytes = 8;
  std::size_t block_bytes = 8;
};

Layout layout_of(ByteView cabinet) {
  constexpr std::uint64_t kPrevious = 1, kNext = 2, kReserves = 4;
  const std::uint64_t flags = little(cabinet, 30, 2);
  Layout out;
  if ((flags & kReserves) != 0) {
    out.folder_bytes += static_cast<std::size_t>(little(cabinet, 38, 1));
    out.block_bytes += static_cast<std::size_t>(little(cabinet, 39, 1));
    out.folders_at += 4 + static_cast<std::size_t>(little(cabinet, 36, 2));
  }
  // Names of the cabinets and disks before and after this one.
  const int names = ((flags & kPrevious) != 0 ? 2 : 0) + ((flags & kNext) != 0 ? 2 : 0);
  for (int i = 0; i < names; ++i) {
    while (out.folders_at < cabinet.size() && cabinet[out.folders_at] != 0) ++out.folders_at;
    ++out.folders_at;
  }
  return out;
}

}  // namespace

Result<std::uint64_t> size_of(ByteView start) {
  if (start.size() < kStartBytes) return damaged("it is too short");
  const std::uint64_t size = little(start, 8, 4);
  if (size < kStartBytes) return damaged("its size is not one");
  return size;
}

std::uint64_t memory_of(ByteView start) {
  constexpr std::uint64_t kWindowBytes = 3 * limits::MiB, kFolderBytes = 256, kFileBytes = 512;
  return kWindowBytes + kFolderBytes * little(start, 26, 2) + kFileBytes * little(start, 28, 2);
}

Result<void> pay_for(ByteView cabinet) {
  constexpr std::uint64_t kFileUnits = 500, kFolderUnits = 25'000, kBlockUnits = 100, kUnitsPerByte = 5;
  const Error refused = no_work_for("cabinet is not opened");
  const Layout layout = layout_of(cabinet);
  if (!charge_work(kFileUnits * little(cabinet, 28, 2))) return refused;
  const std::uint64_t folders = little(cabinet, 26, 2);
  for (std::uint64_t i = 0; i < folders; ++i) {
    const std::size_t folder = layout.folders_at + static_cast<std::size_t>(i) * layout.folder_bytes;
    if (folder >= cabinet.size()) break;
    if (!charge_work(kFolderUnits)) return refused;
    std::size_t block = static_cast<std::size_t>(little(cabinet, folder, 4));
    const std::uint64_t blocks = little(cabinet, folder + 4, 2);
    for (std::uint64_t left = blocks; left > 0 && block < cabinet.size(); --left) {
      if (!charge_work(kBlockUnits + kUnitsPerByte * little(cabinet, block + 6, 2))) return refused;
      block += layout.block_bytes + static_cast<std::size_t>(little(cabinet, block + 4, 2));
    }
  }
  return {};
}

}  // namespace landwaiter::detectors::cab
