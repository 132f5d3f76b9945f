// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/layer_walk.hpp"

#include "detectors/walk/layer_scanner.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// Between libarchive and the decompressor: large enough for most files to arrive in one piece, small enough for the cache.
constexpr std::size_t kInflatedBytes = 256 * 1024;
/// Of a layer, and of an archive in it.
constexpr std::size_t kOwnInflated = 2;

/// The layer's bytes: each brings the walk some work. A stop ends them also where nobody looks at them.
class EarningSource final : public ByteSource {
 public:
  EarningSource(ByteSource& layer, FileScanMemory& memory, const ScanLimits& limits) : layer_(layer), memory_(memory), limits_(limits) {}

  Result<ByteView> next() override {
    if (memory_.stop.stop_requested()) return Error(ErrorCode::cancelled, "the scan was asked to stop");
    auto chunk = layer_.next();
    if (chunk) memory_.walk_work.earn(chunk->size() * limits_.walk_work_per_byte);
    return chunk;
  }

 private:
  ByteSource& layer_;
  FileScanMemory& memory_;
  const ScanLimits& limits_;
};

}  // namespace

WalkMemory::WalkMemory(const Engine::Impl& engine) : files(engine), inflated(kInflatedBytes, kOwnInflated) {}

LayerWalk::LayerWalk(const Engine::Impl& engine, WalkMemory& memory, const ScanLimits& limits, ReportBuilder& report,
                     ScanProgress& progress, std::stop_token stop)
    : engine_(engine),
      memory_(memory),
      limits_(limits),
      report_(report),
      progress_(progress),
      stop_(std::move(stop)),
      leaf_(std::make_unique<FileScan>(engine, memory.files, limits)) {
  memory_.files.begin_layer(report.wanted(), limits, stop_);
  leaf_->keep_window();
  reader_zeros_left_.fill(limits.reader_zeros_bytes_max);
}

void LayerWalk::walk(ByteSource& layer) {
  const WorkScope work(memory_.files.walk_work);
  EarningSource earning(layer, memory_.files, limits_);
  PeekSource bytes(earning);
  const auto head = bytes.peek(1);
  if (!head) report_.diagnose_end(head.error());
  if (!head || head->empty()) return;
  ArchiveReader archive(bytes, ArchiveFormat::tar, limits_.tar_header_bytes_max);
  bool damage_reported = false;
  while (true) {
    const bool in_file = archive.failed();
    const ArchiveReader::Step step = archive.next();
    if (stop_.stop_requested()) return;
    if (step == ArchiveReader::Step::end) return check_trailer(archive, bytes);
    if (step == ArchiveReader::Step::failed)
      return report_.diagnose(archive.error().code(), archive.error().message(), in_file ? place_ : Place{}, Effect::incomplete);
    if (step == ArchiveReader::Step::damaged) {
      if (!std::exchange(damage_reported, true)) report_.diagnose_end(archive.error());
      continue;
    }
    if (++entries_ > limits_.layer_entries_max) return report_.diagnose_end(too_many_entries());
    layer_entry(archive);
    if (layer_full_ || stop_.stop_requested()) return;
  }
}

void LayerWalk::diagnose_header(const ArchiveEntry& entry, const EntryPath& path) {
  if (path.cut) report_.diagnose(ErrorCode::limit_exceeded, "name is cut to path_bytes_max", place_, Effect::note);
  if (path.dot_dot) report_.diagnose(ErrorCode::malformed, "name has \"..\" components", place_, Effect::note);
  if (!entry.warning.empty()) report_.diagnose(ErrorCode::malformed, "odd header: " + entry.warning, place_, Effect::note);
}

void LayerWalk::layer_entry(EntryReader& archive) {
  const ArchiveEntry& entry = archive.entry();
  EntryPath path = entry_path(entry.name);
  place_.path = std::move(path.text);
  place_.archive.clear();
  diagnose_header(entry, path);
  std::string subject;
  const EntryMeaning meaning = entry_meaning(place_.path, subject);
  if (meaning == EntryMeaning::whiteout) return report_.add_whiteout(subject);
  if (meaning == EntryMeaning::opaque_directory) return report_.add_opaque_directory(subject);
  part_of_image_ = meaning == EntryMeaning::content;
  if (part_of_image_ && !place_.path.empty()) {
    report_.add_written(place_.path, entry.type == ArchiveEntry::Type::directory);
  }
  if (entry.type == ArchiveEntry::Type::hard_link) report_.add_hard_link(entry_path(entry.link_target).text, place_.path);
  if (entry.has_content()) layer_file(archive);
  else offer_entry(archive);
}

void LayerWalk::layer_file(EntryReader& archive) {
  ++report_.stats().files;
  ++progress_.files;
  const auto scanned = scan_entry(archive, nullptr, 0);
  // walk() reports what ends the whole tar.
  if (!scanned && !archive.failed() && !stop_.stop_requested()) report_.diagnose(scanned.error(), place_);
}

/// Container engines stop at a tar's end marks; bytes after them are never part of an image, but get a diagnostic.
void LayerWalk::check_trailer(const EntryReader& archive, ByteSource& layer) {
  std::uint64_t looked_at = 0;
  Result<ByteView> chunk = archive.rest();
  while (chunk && looked_at < limits::tar_trailer_bytes_max) {
    if (std::ranges::any_of(*chunk, [](std::uint8_t byte) { return byte != 0; })) {
      return report_.diagnose(ErrorCode::malformed, "bytes after the end of the layer's tar are not searched", {});
    }
    looked_at += chunk->size();
    chunk = layer.next();
    if (chunk && chunk->empty()) return;
  }
  if (!chunk) report_.diagnose(chunk.error(), {});
}

}  // namespace landwaiter::detectors
