// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/walk_sources.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

std::string name_of(const Content& content) {
  switch (content.kind) {
    case Content::Kind::tar: return "tar archive";
    case Content::Kind::zip: return "zip archive";
    case Content::Kind::compressed: return std::string(to_string(content.compression)) + " file";
    case Content::Kind::plain: break;
  }
  return "file";
}

/// What it takes to open an archive: a decoder, a window, a search of its own.
constexpr std::uint64_t kOpenArchiveUnits = 25'000;

/// A hole is searched as zeros, as far as detectors look.
std::uint64_t hole_work(std::uint64_t zeros) {
  constexpr std::uint64_t kUnits = 3'000, kZerosOfUnit = 16;
  constexpr std::uint64_t kSearchedMax = 2 * (limits::detector_lookahead_bytes + limits::detector_lookbehind_bytes);
  return kUnits + std::min(zeros, kSearchedMax) / kZerosOfUnit;
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

std::string_view LayerWalk::name() const { return place_.archive.empty() ? place_.path : place_.archive.back(); }

Result<void> LayerWalk::scan_file(ByteSource& file, std::optional<std::uint64_t> exact_size, std::size_t depth) {
  PeekSource bytes(file);
  // If the size is known, no more is requested: the file may then be scanned in place.
  const std::uint64_t size = exact_size.value_or(limits::script_before_zip_bytes_max);
  auto head = bytes.peek(std::min<std::uint64_t>(size, kContentSniffBytes));
  if (head && begins_as_script(*head)) head = bytes.peek(std::min<std::uint64_t>(size, limits::script_before_zip_bytes_max));
  if (!head) return head.error();
  if (head->empty()) return {};
  const Content content = sniff_content(*head);
  if (content.kind == Content::Kind::plain) return scan_plain(bytes, exact_size);
  if (depth < limits_.archive_depth_max) return scan_archive(bytes, content, exact_size, depth);
  report_.diagnose(ErrorCode::limit_exceeded,
                   name_of(content) + " is not opened: it lies more than " + std::to_string(limits_.archive_depth_max) +
                       " archives deep (archive_depth_max)",
                   place_);
  return scan_plain(bytes, exact_size);
}

Result<void> LayerWalk::scan_plain(PeekSource& file, std::optional<std::uint64_t> exact_size) {
  leaf_.reset(name());
  Result<ByteView> chunk = file.peek(1);
  if (chunk && exact_size && chunk->size() == *exact_size && chunk->size() <= limits::window_bytes) {
    leaf_.whole(*chunk);
  } else {
    for (chunk = file.next(); chunk && !chunk->empty(); chunk = file.next()) leaf_.push(*chunk);
    leaf_.finish();
  }
  report_of(leaf_);
  if (!chunk) return chunk.error();
  return {};
}

Result<void> LayerWalk::scan_sparse(ArchiveReader& archive, Budget* budget, FileReading* readers) {
  leaf_.reset(name());
  Result<void> result;
  std::uint64_t position = 0;
  while (result) {
    auto block = archive.read();
    if (!block) {
      result = block.error();
      break;
    }
    if (block->offset < position) {
      result = Error(ErrorCode::malformed, "the map of a sparse file goes backwards");
      break;
    }
    if (!charge_work(hole_work(block->offset - position))) {
      result = no_work_for("not read to its end");
      break;
    }
    leaf_.skip(block->offset - position);
    if (readers != nullptr) readers->skip(block->offset - position, reader_zeros_left_);
    if (block->bytes.empty()) break;
    if (block->offset == 0 && sniff_content(block->bytes).kind != Content::Kind::plain) {
      report_.diagnose(ErrorCode::unsupported, "an archive stored as a sparse file is not opened", place_);
    }
    leaf_.push(block->bytes);
    if (readers != nullptr) readers->push(block->bytes);
    position = block->offset + block->bytes.size();
    result = account(block->bytes.size(), !place_.archive.empty(), budget);
  }
  leaf_.finish();
  report_of(leaf_);
  if (result && readers != nullptr) readers->finish();
  return result;
}

Result<void> LayerWalk::scan_archive(PeekSource& file, const Content& content, std::optional<std::uint64_t> exact_size, std::size_t depth) {
  const ReportBuilder::Mark first = report_.mark();
  MemoryShare memory;
  FileScan raw(engine_, memory_.files, limits_);
  if (memory_.files.walk_work.spent() || !charge_work(kOpenArchiveUnits)) {
    report_.diagnose(no_work_for(name_of(content) + " is not opened"), place_);
    return scan_plain(file, exact_size);
  }
  if (!memory.borrow(kOpenArchiveBytes) || !raw.keep_window()) {
    report_.diagnose(no_memory_for(name_of(content) + " is not opened"), place_);
    return scan_plain(file, exact_size);
  }
  raw.reset(name());
  RawTee bytes(file, raw);
  Budget budget{*this, bytes.bytes(), innermost_};
  bool opened = false;
  innermost_ = &budget;
  const Result<void> walked = open_content(bytes, content, budget, depth, opened);
  innermost_ = budget.outer;
  bytes.drain();
  raw.finish();
  if (opened) ++report_.stats().archives;
  for (const Analysis analysis : report_.wanted()) {
    FileResults& found = raw.found(analysis);
    if (opened) found.diagnostics.clear();
    report_.drop_known(analysis, found, first);
  }
  report_of(raw);
  if (bytes.failed()) return *bytes.failed();
  if (stop_.stop_requested()) return stopped();
  if (!walked && opened) report_.diagnose(walked.error(), place_);
  if (!walked && !opened) {
    report_.diagnose(walked.error().code(), "looks like a " + name_of(content) + ", but cannot be opened: " + walked.error().message(),
                     place_);
  }
  return {};
}

Result<void> LayerWalk::open_content(ByteSource& bytes, const Content& content, Budget& budget, std::size_t depth, bool& opened) {
  if (content.kind == Content::Kind::compressed) return open_compressed(bytes, content.compression, budget, depth, opened);
  if (content.kind == Content::Kind::tar) return walk_entries(bytes, ArchiveFormat::tar, &budget, depth, opened);
  PeekSource from_archive(bytes);
  auto head = from_archive.peek(content.prefix_bytes);
  if (!head) return head.error();
  from_archive.consume(std::min(content.prefix_bytes, head->size()));
  return walk_entries(from_archive, ArchiveFormat::zip, &budget, depth, opened);
}

Result<void> LayerWalk::open_compressed(ByteSource& bytes, Compression compression, Budget& budget, std::size_t depth, bool& opened) {
  InflateSource inflate(bytes, compression, memory_.inflated);
  Spending spending(*this, inflate, budget);
  PeekSource content(spending);
  auto head = content.peek(kContentSniffBytes);
  if (!head) return head.error();
  opened = true;
  if (looks_like_tar(*head)) return walk_entries(content, ArchiveFormat::tar, nullptr, depth, opened);
  if (++nested_entries_ > limits_.layer_entries_max) return too_many_entries();
  ++report_.stats().nested_files;
  const Inside inside(place_, uncompressed_name(std::string(name())));
  const auto readers = open_readers(nullptr);
  auto scanned = scan_content(content, std::nullopt, depth + 1, readers.get());
  if (readers) report_of(*readers);
  report_.stats().nested_bytes += budget.expanded_bytes;
  return scanned;
}

Error LayerWalk::too_many_entries() const {
  return {ErrorCode::limit_exceeded,
          "more than " + std::to_string(limits_.layer_entries_max) + " entries (layer_entries_max): the rest is not searched"};
}

Result<void> LayerWalk::walk_entries(ByteSource& bytes, ArchiveFormat format, Budget* budget, std::size_t depth, bool& opened) {
  ArchiveReader archive(bytes, format, limits_.tar_header_bytes_max);
  bool damage_reported = false;
  while (true) {
    const ArchiveReader::Step step = archive.next();
    if (step == ArchiveReader::Step::failed) return archive.error();
    if (stop_.stop_requested()) return stopped();
    opened = opened || step != ArchiveReader::Step::damaged;
    if (step == ArchiveReader::Step::end) return {};
    if (step == ArchiveReader::Step::damaged) {
      if (!std::exchange(damage_reported, true)) report_.diagnose(archive.error(), place_);
      continue;
    }
    if (++nested_entries_ > limits_.layer_entries_max) return too_many_entries();
    auto entry = nested_entry(archive, budget, depth);
    if (!entry) return entry;
  }
}

Result<void> LayerWalk::nested_entry(ArchiveReader& archive, Budget* budget, std::size_t depth) {
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

Result<void> LayerWalk::scan_entry(ArchiveReader& archive, Budget* budget, std::size_t depth) {
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
