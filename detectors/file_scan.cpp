// SPDX-License-Identifier: Apache-2.0
#include "detectors/file_scan.hpp"

#include <algorithm>
#include <cstring>

namespace landwaiter::detectors {

FileScanMemory::FileScanMemory(const Engine::Impl& engine)
    : scratch(engine.prefilter.make_scratch()),
      windows(limits::window_bytes + limits::detector_lookahead_bytes + limits::detector_lookbehind_bytes + engine.trigger_length_max) {}

/// One hit's way to report.
class FileScan::Sink final : public FindingSink {
 public:
  Sink(FileScan& scan, std::size_t detector, std::uint64_t base) : scan_(scan), detector_(detector), base_(base) {}

  void add(Finding finding, std::size_t offset) override {
    if (scan_.findings_.size() >= scan_.limits_.findings_per_file_max) {
      if (!std::exchange(scan_.too_many_findings_, true)) {
        diagnose(ErrorCode::limit_exceeded,
                 "more than " + std::to_string(scan_.limits_.findings_per_file_max) + " findings (findings_per_file_max): the rest is left out",
                 offset);
      }
      return;
    }
    finding.detector = scan_.engine_.labels[detector_];
    finding.occurrences.assign(1, Occurrence{.path = {}, .archive = {}, .offset = base_ + offset, .layer = {}, .deleted_by = {}});
    scan_.findings_.push_back(std::move(finding));
  }

  void diagnose(ErrorCode code, std::string message, std::size_t) override {
    if (scan_.diagnostics_.size() >= scan_.limits_.diagnostics_per_layer_max) return;
    scan_.diagnostics_.push_back({.code = code, .message = std::move(message), .path = {}, .archive = {}, .layer = {}});
  }

  void consumed(std::size_t end) override {
    std::uint64_t& until = scan_.consumed_[detector_];
    until = std::max(until, base_ + end);
  }

 private:
  FileScan& scan_;
  std::size_t detector_;
  std::uint64_t base_;
};

FileScan::FileScan(const Engine::Impl& engine, FileScanMemory& memory, const ScanLimits& limits)
    : engine_(engine), memory_(memory), limits_(limits) {}

void FileScan::reset() {
  buffer_ = {};
  filled_ = 0;
  base_ = matched_ = 0;
  pending_.clear();
  std::ranges::fill(consumed_, 0);
  triggers_ = 0;
  exhausted_ = too_many_findings_ = false;
  findings_.clear();
  diagnostics_.clear();
}

/// Before the end of a hit: the promised bytes before its start, wherever that is.
std::uint64_t FileScan::lookbehind() const { return limits::detector_lookbehind_bytes + engine_.trigger_length_max; }

void FileScan::whole(ByteView file) { process(Window{file, 0, true}); }

void FileScan::push(ByteView bytes) {
  while (!bytes.empty() && !done()) {
    if (!buffer_) buffer_ = memory_.windows.take();
    const std::size_t size = std::min(bytes.size(), buffer_.span().size() - filled_);
    std::memcpy(buffer_.span().data() + filled_, bytes.data(), size);
    filled_ += size;
    bytes = bytes.subspan(size);
    if (filled_ == buffer_.span().size()) process(false);
  }
}

void FileScan::finish() { process(true); }

void FileScan::process(bool ends_file) {
  if (filled_ == 0) return;
  process(Window{ByteView(buffer_.span().first(filled_)), base_, ends_file});
  if (!ends_file) retain();
}

void FileScan::process(const Window& window) {
  match(window);
  const std::uint64_t end = window.offset + window.bytes.size();
  std::size_t delivered = 0;
  for (; delivered < pending_.size(); ++delivered) {
    if (!window.ends_file && pending_[delivered].end + limits::detector_lookahead_bytes > end) break;
    deliver(window, pending_[delivered]);
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(delivered));
}

/// Finds the matches that end beyond matched_ and appends them to pending_.
void FileScan::match(const Window& window) {
  const std::uint64_t overlap = engine_.trigger_length_max;
  const std::uint64_t from = std::max(window.offset, matched_ - std::min(matched_, overlap));
  const std::uint64_t known = std::exchange(matched_, window.offset + window.bytes.size());
  if (exhausted_) return;
  const std::size_t before = pending_.size();
  const std::size_t budget = limits_.triggers_per_file_max - triggers_;
  exhausted_ = !engine_.prefilter.scan(window.bytes.subspan(from - window.offset), memory_.scratch, pending_, before + budget);
  if (pending_.size() == before) return;

  const auto fresh = pending_.begin() + static_cast<std::ptrdiff_t>(before);
  for (auto hit = fresh; hit != pending_.end(); ++hit) hit->end += from;
  // All known ones end before all fresh ones, so sorting the tail sorts the whole.
  pending_.erase(std::remove_if(fresh, pending_.end(), [&](const auto& hit) { return hit.end <= known; }), pending_.end());
  std::sort(fresh, pending_.end());
  pending_.erase(std::unique(fresh, pending_.end()), pending_.end());
  triggers_ += pending_.size() - before;
  if (exhausted_) {
    Sink(*this, 0, 0).diagnose(ErrorCode::limit_exceeded,
                               "more than " + std::to_string(limits_.triggers_per_file_max) +
                                   " places look like an asset (triggers_per_file_max): what follows is not searched",
                               0);
  }
}

void FileScan::deliver(const Window& window, const Prefilter::Match& hit) {
  const auto& trigger = engine_.triggers[hit.pattern];
  consumed_.resize(engine_.detectors.size());
  if (hit.end <= consumed_[trigger.detector]) return;
  Sink sink(*this, trigger.detector, window.offset);
  engine_.detectors[trigger.detector]->inspect(window, Hit{trigger.id, hit.end - window.offset}, sink);
}

/// Moves what waiting and coming hits need to the buffer's start.
void FileScan::retain() {
  const std::uint64_t first = pending_.empty() ? matched_ : pending_.front().end;
  const std::uint64_t keep = std::max(base_, first - std::min(first, lookbehind()));
  const std::size_t drop = keep - base_;
  filled_ -= drop;
  std::memmove(buffer_.span().data(), buffer_.span().data() + drop, filled_);
  base_ = keep;
}

void FileScan::push_zeros(std::uint64_t count) {
  static constexpr std::uint8_t kZeros[4096] = {};
  for (; count > 0; count -= std::min<std::uint64_t>(count, sizeof kZeros)) {
    push(ByteView(kZeros, std::min<std::uint64_t>(count, sizeof kZeros)));
  }
}

void FileScan::skip(std::uint64_t zeros) {
  const std::uint64_t overlap = engine_.trigger_length_max;
  const std::uint64_t context = lookbehind();
  if (done()) return;
  if (zeros <= limits::detector_lookahead_bytes + 2 * overlap + context) return push_zeros(zeros);
  // What is waiting gets zeros to look ahead at; only then is the window given up.
  push_zeros(overlap);
  process(false);
  std::uint64_t rest = zeros - overlap;
  if (!pending_.empty()) {
    push_zeros(limits::detector_lookahead_bytes);
    process(false);
    rest -= limits::detector_lookahead_bytes;
  }
  pending_.clear();  // matches of zeros alone
  base_ += filled_ + (rest - context);
  filled_ = 0;
  matched_ = base_;
  push_zeros(context);
  matched_ = base_ + context;
}

}  // namespace landwaiter::detectors
