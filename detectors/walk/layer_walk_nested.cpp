// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/asar.hpp"
#include "detectors/archives/cab.hpp"
#include "detectors/archives/cpio.hpp"
#include "detectors/archives/git_pack.hpp"
#include "detectors/archives/seven_zip.hpp"
#include "detectors/archives/sqlite_rows.hpp"
#include "detectors/archives/whole_file.hpp"
#include "detectors/walk/walk_sources.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// As far as an inflated file's end, past the zeros that fill up a tape's record; empty at the end.
Result<ByteView> after_zeros(PeekSource& bytes) {
  while (true) {
    auto head = bytes.peek(kContentSniffBytes);
    if (!head || head->empty()) return head;
    const auto content = std::ranges::find_if(*head, [](std::uint8_t byte) { return byte != 0; });
    if (content == head->begin()) return head;
    bytes.consume(static_cast<std::size_t>(content - head->begin()));
  }
}

/// Steps into an entry and out again.
class Inside {
 public:
  Inside(Place& place, std::string name) : place_(place) { place_.archive.push_back(std::move(name)); }
  ~Inside() { place_.archive.pop_back(); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Place& place_;
};

}  // namespace

Error LayerWalk::stopped() { return {ErrorCode::cancelled, "the scan was asked to stop"}; }

Error LayerWalk::bytes_behind(std::string_view what) {
  return {ErrorCode::malformed,
          "bytes behind the end of this " + std::string(what) + " are not part of it: they were searched as they are"};
}

std::string_view LayerWalk::name() const { return place_.archive.empty() ? place_.path : place_.archive.back(); }

Result<void> LayerWalk::open_content(PeekSource& bytes, const Content& content, Budget& budget, std::size_t depth, bool& opened) {
  switch (content.kind) {
    case Content::Kind::tar: return open_archive(bytes, ArchiveFormat::tar, &budget, depth, opened);
    case Content::Kind::zip: return open_archive(bytes, ArchiveFormat::zip, &budget, depth, opened);
    case Content::Kind::cpio: return open_cpio(bytes, &budget, depth, opened);
    case Content::Kind::git_pack: return open_git_pack(bytes, budget, depth, opened);
    case Content::Kind::asar: return open_asar(bytes, budget, depth, opened);
    case Content::Kind::cab: return open_cab(bytes, budget, depth, opened);
    case Content::Kind::seven_zip: return open_seven_zip(bytes, budget, depth, opened);
    case Content::Kind::sqlite: return open_sqlite(bytes, budget, depth, opened);
    default: return open_compressed(bytes, content.compression, budget, depth, opened);
  }
}

Result<void> LayerWalk::open_archive(PeekSource& bytes, ArchiveFormat format, Budget* budget, std::size_t depth, bool& opened) {
  ArchiveReader archive(bytes, format, limits_.tar_header_bytes_max);
  auto walked = walk_entries(archive, budget, depth, opened);
  bytes.unread(archive.rest());
  return walked;
}

Result<void> LayerWalk::open_git_pack(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened) {
  GitPack pack(bytes);
  auto walked = walk_entries(pack, &budget, depth, opened);
  if (pack.apart() > 0) {
    report_.diagnose(ErrorCode::unsupported,
                     std::to_string(pack.apart()) +
                         " objects of this git pack are differences to objects that were not at hand: of them, what they add was searched",
                     place_);
  }
  return walked;
}

Result<void> LayerWalk::open_cpio(PeekSource& bytes, Budget* budget, std::size_t depth, bool& opened) {
  Cpio archive(bytes);
  return walk_entries(archive, budget, depth, opened);
}

Result<void> LayerWalk::open_asar(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened) {
  Asar archive(bytes);
  return walk_entries(archive, &budget, depth, opened);
}

Result<void> LayerWalk::open_cab(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened) {
  const auto start = bytes.peek(cab::kStartBytes);
  if (!start) return start.error();
  const auto size = cab::size_of(*start);
  if (!size) return size.error();
  MemoryShare memory;
  if (!memory.borrow(cab::memory_of(*start))) return no_memory_for("cabinet is not opened");
  WholeFile whole;
  const auto kept = whole.keep(bytes, *size);
  if (!kept) return kept;
  const auto paid = cab::pay_for(whole.bytes());
  if (!paid) return paid;
  MemorySource source(whole.bytes(), whole.bytes().size() + 1);
  ArchiveReader archive(source, ArchiveFormat::cab, limits_.tar_header_bytes_max);
  return walk_entries(archive, &budget, depth, opened);
}

Result<void> LayerWalk::open_seven_zip(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened) {
  const auto start = bytes.peek(seven_zip::kStartBytes);
  if (!start) return start.error();
  const auto size = seven_zip::size_of(*start);
  if (!size) return size.error();
  WholeFile whole;
  const auto kept = whole.keep(bytes, *size);
  if (!kept) return kept;
  SevenZip archive(whole.bytes());
  return walk_entries(archive, &budget, depth, opened);
}

Result<void> LayerWalk::open_sqlite(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened) {
  SqliteRows rows(bytes);
  auto walked = walk_entries(rows, &budget, depth, opened);
  if (rows.lost() > 0) {
    report_.diagnose(ErrorCode::unsupported,
                     std::to_string(rows.lost()) + " long rows of this SQLite database were not put together from their pages", place_);
  }
  return walked;
}

Result<void> LayerWalk::open_compressed(PeekSource& bytes, Compression compression, Budget& budget, std::size_t depth, bool& opened) {
  std::uint64_t before = budget.expanded_bytes;
  InflateSource inflate(bytes, compression, memory_.inflated);
  Spending spending(*this, inflate, budget);
  PeekSource content(spending);
  auto head = content.peek(kContentSniffBytes);
  if (!head) return head.error();
  opened = true;
  const bool tar = looks_like_tar(*head);
  if (tar || looks_like_cpio(*head)) {
    const auto walked =
        tar ? open_archive(content, ArchiveFormat::tar, nullptr, depth, opened) : open_cpio(content, nullptr, depth, opened);
    if (!walked) return walked;
    head = after_zeros(content);
    if (!head) return head.error();
    if (head->empty()) return {};
    if (sniff_content(*head).kind == Content::Kind::plain) report_.diagnose(bytes_behind(tar ? "tar archive" : "cpio archive"), place_);
    before = budget.expanded_bytes - head->size();
  }
  const auto scanned = open_inflated(content, depth);
  report_.stats().nested_bytes += budget.expanded_bytes - before;
  return scanned;
}

Result<void> LayerWalk::open_inflated(PeekSource& content, std::size_t depth) {
  if (++nested_entries_ > limits_.layer_entries_max) return too_many_entries();
  ++report_.stats().nested_files;
  const Inside inside(place_, uncompressed_name(std::string(name())));
  const auto readers = open_readers(nullptr);
  auto scanned = scan_content(content, std::nullopt, depth + 1, readers.get());
  if (readers) report_of(*readers);
  return scanned;
}

Error LayerWalk::too_many_entries() const {
  return {ErrorCode::limit_exceeded,
          "more than " + std::to_string(limits_.layer_entries_max) + " entries (layer_entries_max): the rest is not searched"};
}

Result<void> LayerWalk::walk_entries(EntryReader& archive, Budget* budget, std::size_t depth, bool& opened) {
  bool damage_reported = false;
  while (true) {
    const EntryReader::Step step = archive.next();
    if (step == EntryReader::Step::failed) return archive.error();
    if (stop_.stop_requested()) return stopped();
    opened = opened || step != EntryReader::Step::damaged;
    if (step == EntryReader::Step::end) return {};
    if (step == EntryReader::Step::damaged) {
      if (!std::exchange(damage_reported, true)) report_.diagnose(archive.error(), place_);
      continue;
    }
    if (++nested_entries_ > limits_.layer_entries_max) return too_many_entries();
    auto entry = nested_entry(archive, budget, depth);
    if (!entry) return entry;
  }
}

Result<void> LayerWalk::nested_entry(EntryReader& archive, Budget* budget, std::size_t depth) {
  const ArchiveEntry& entry = archive.entry();
  if (!entry.has_content() && engine_.readers.empty()) return {};
  EntryPath path = entry_path(entry.name);
  const Inside inside(place_, path.text);
  if (!entry.has_content()) {
    offer_entry(archive);
    return {};
  }
  ++report_.stats().nested_files;
  diagnose_header(entry, path);
  if (!entry.unsupported.empty()) {
    report_.diagnose(ErrorCode::unsupported, "not searched: " + entry.unsupported, place_);
    return {};
  }
  auto scanned = scan_entry(archive, budget, depth + 1);
  if (scanned || archive.failed() || (budget && budget->exceeded) || stop_.stop_requested()) return scanned;
  report_.diagnose(scanned.error(), place_);
  return {};
}

Result<void> LayerWalk::scan_entry(EntryReader& archive, Budget* budget, std::size_t depth) {
  const ArchiveEntry& entry = archive.entry();
  const auto exact_size = entry.exact_size ? std::optional(entry.size_bytes) : std::nullopt;
  const auto readers = open_readers(&archive);
  EntrySource content(*this, archive, budget);
  auto scanned = entry.sparse ? scan_sparse(archive, budget, readers.get()) : scan_content(content, exact_size, depth, readers.get());
  const auto warning = archive.take_warning();
  if (warning && scanned) report_.diagnose(*warning, place_);
  if (readers) report_of(*readers);
  return scanned;
}

}  // namespace landwaiter::detectors
