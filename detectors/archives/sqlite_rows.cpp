// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/sqlite_rows.hpp"

#include "core/base/work_meter.hpp"

#include <algorithm>
#include <bit>

namespace landwaiter::detectors {
namespace {

/// Of one row: longer ones are documents rather than keys.
constexpr std::uint64_t kRowBytesMax = 2 * limits::MiB;
/// Pages that wait for their row: it follows soon, as it is moved when its own page is full.
constexpr std::uint64_t kKeptBytesMax = 2 * limits::MiB;
/// Rows that wait for their pages.
constexpr std::size_t kWaitingMax = 256;
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kNextPageBytes = 4;

enum PageType : std::uint8_t { kIndexInterior = 2, kIndexLeaf = 10, kTableLeaf = 13 };

std::uint32_t big_endian(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, size)) value = value << 8U | byte;
  return value;
}

/// A number of one to nine bytes, taken off the front.
std::optional<std::uint64_t> take_number(ByteView& bytes) {
  constexpr std::size_t kBytesMax = 9;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min(kBytesMax, bytes.size()); ++i) {
    const bool last = i + 1 == kBytesMax;
    value = last ? value << 8U | bytes[i] : value << 7U | (bytes[i] & 0x7fU);
    if (!last && (bytes[i] & 0x80) != 0) continue;
    bytes = bytes.subspan(i + 1);
    return value;
  }
  return std::nullopt;
}

}  // namespace

Result<bool> SqliteRows::begin() {
  const auto head = source_.peek(kHeaderBytes);
  if (!head) return head.error();
  if (head->size() < kHeaderBytes) return Error(ErrorCode::malformed, "its header is not complete");
  const std::uint32_t size = big_endian(*head, 16, 2);
  page_bytes_ = size == 1 ? 65'536 : size;
  usable_bytes_ = page_bytes_ - std::min<std::size_t>(page_bytes_, (*head)[20]);
  // "In-header database size": it counts only if these two counters are the same.
  page_count_ = big_endian(*head, 24, 4) == big_endian(*head, 92, 4) ? big_endian(*head, 28, 4) : 0;
  if (!std::has_single_bit(page_bytes_) || page_bytes_ < 512 || usable_bytes_ < 480) {
    return Error(ErrorCode::malformed, "its header has an impossible page size");
  }
  return true;
}

EntryReader::Step SqliteRows::next() {
  if (failed_) return Step::failed;
  Result<bool> more = std::exchange(begun_, true) ? Result<bool>(true) : begin();
  if (!done_.empty() && entry_.size_known) done_.pop_front();
  while (more && *more && done_.empty()) more = read_page();
  if (!more) {
    failed_ = true;
    error_ = more.error();
    return Step::failed;
  }
  if (done_.empty()) {
    lost_ += waiting_.size();
    waiting_.clear();
    return Step::end;
  }
  entry_ = ArchiveEntry{};
  entry_.name = "row of page " + std::to_string(done_.front().page);
  entry_.size_bytes = done_.front().bytes.size();
  entry_.size_known = entry_.exact_size = true;
  given_ = false;
  return Step::entry;
}

Result<EntryReader::Block> SqliteRows::read() {
  const ByteView bytes = done_.front().bytes;
  if (std::exchange(given_, true)) return Block{bytes.size(), {}};
  return Block{0, bytes};
}

/// False after the last one.
Result<bool> SqliteRows::read_page() {
  if (page_count_ != 0 && number_ >= page_count_) return false;
  const auto bytes = source_.peek(page_bytes_);
  if (!bytes) return bytes.error();
  if (bytes->size() < page_bytes_) return false;
  ++number_;
  const ByteView page = bytes->first(page_bytes_);
  const std::uint8_t type = page[number_ == 1 ? kHeaderBytes : 0];
  if (waiting_.contains(number_)) take_overflow(page);
  else if (type == kTableLeaf || type == kIndexLeaf || type == kIndexInterior) take_cells(page);
  else if (page[0] == 0) take_overflow(page);
  source_.consume(page_bytes_);
  return true;
}

void SqliteRows::take_overflow(ByteView page) {
  if (auto row = waiting_.extract(number_)) {
    append(row.mapped(), page);
    return follow(std::move(row.mapped()));
  }
  Page kept;
  while (!kept_.empty() && kept_.size() >= kKeptBytesMax / page_bytes_) kept_.erase(kept_.begin());
  if (!kept.memory.borrow(page_bytes_)) return;
  kept.bytes.assign(page.begin(), page.end());
  kept_[number_] = std::move(kept);
}

/// What this page has of the row.
void SqliteRows::append(Row& row, ByteView page) {
  const std::size_t size = std::min<std::uint64_t>(row.left, usable_bytes_ - kNextPageBytes);
  const ByteView content = page.subspan(kNextPageBytes, size);
  row.bytes.insert(row.bytes.end(), content.begin(), content.end());
  row.left -= size;
  row.next = big_endian(page, 0, kNextPageBytes);
}

/// As far as its pages are here.
void SqliteRows::follow(Row row) {
  while (row.left > 0) {
    if (row.next > number_ && waiting_.size() < kWaitingMax && !waiting_.contains(row.next)) {
      const std::uint32_t page = row.next;
      waiting_.emplace(page, std::move(row));
      return;
    }
    const auto page = kept_.extract(row.next);
    if (!page) {
      ++lost_;
      return;
    }
    append(row, page.mapped().bytes);
  }
  done_.push_back(std::move(row));
}

void SqliteRows::take_cells(ByteView page) {
  const std::size_t header = number_ == 1 ? kHeaderBytes : 0;
  const std::uint8_t type = page[header];
  const bool interior = type == kIndexInterior;
  const std::size_t pointers = header + (interior ? 12 : 8);
  const std::size_t count = big_endian(page, header + 3, 2);
  for (std::size_t i = 0; i < count && pointers + 2 * i + 2 <= usable_bytes_; ++i) {
    const std::size_t at = big_endian(page, pointers + 2 * i, 2) + (interior ? kNextPageBytes : 0);
    if (at < usable_bytes_) take_cell(page.first(usable_bytes_).subspan(at), type == kTableLeaf);
  }
}

/// "B-tree Cell Format": how much of a payload its page holds.
void SqliteRows::take_cell(ByteView cell, bool table) {
  const auto size = take_number(cell);
  if (!size || (table && !take_number(cell))) return;
  const std::size_t most = table ? usable_bytes_ - 35 : (usable_bytes_ - 12) * 64 / 255 - 23;
  if (*size <= most) return;
  const std::size_t least = (usable_bytes_ - 12) * 32 / 255 - 23;
  const std::size_t wanted = least + static_cast<std::size_t>((*size - least) % (usable_bytes_ - kNextPageBytes));
  const std::size_t here = wanted <= most ? wanted : least;
  if (cell.size() < here + kNextPageBytes) return;
  Row row{.page = number_, .left = *size - here, .next = big_endian(cell, here, kNextPageBytes)};
  if (row.next < 2 || (page_count_ != 0 && row.next > page_count_)) return;
  const bool there = row.next > number_ ? waiting_.size() < kWaitingMax && !waiting_.contains(row.next) : kept_.contains(row.next);
  if (!there || *size > kRowBytesMax || !charge_work(here) || !row.memory.borrow(*size)) {
    ++lost_;
    return;
  }
  row.bytes.reserve(static_cast<std::size_t>(*size));
  row.bytes.assign(cell.begin(), cell.begin() + static_cast<std::ptrdiff_t>(here));
  follow(std::move(row));
}

}  // namespace landwaiter::detectors
