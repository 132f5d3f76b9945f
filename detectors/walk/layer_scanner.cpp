// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/layer_scanner.hpp"
#include "detectors/walk/even_source.hpp"
#include "detectors/walk/layer_walk.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// The incoming blob: counts bytes, and ends when a stop is requested.
class Meter final : public ByteSource {
 public:
  Meter(ByteSource& blob, ScanProgress& progress, const std::stop_token& stop) : blob_(blob), progress_(progress), stop_(stop) {}

  Result<ByteView> next() override {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the scan was asked to stop");
    auto chunk = blob_.next();
    if (chunk) {
      progress_.compressed_bytes += chunk->size();
      bytes_read_ += chunk->size();
    }
    return chunk;
  }

  /// Reads the rest, which may be needed to prove the whole.
  Result<void> drain() {
    for (;;) {
      auto chunk = next();
      if (!chunk) return chunk.error();
      if (chunk->empty()) return {};
    }
  }
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  std::uint64_t bytes_read_ = 0;
  ByteSource& blob_;
  ScanProgress& progress_;
  const std::stop_token& stop_;
};

}  // namespace

struct LayerScanner::Impl {
  Impl(std::shared_ptr<const Engine> with, const ScanLimits& within) : engine(std::move(with)), limits(within), memory(engine->impl()) {}

  /// Those of `wanted` that the engine has detectors of, in order and once.
  std::vector<Analysis> known(std::span<const Analysis> wanted) const;
  void walk(ByteSource& blob, ReportBuilder& report, ScanProgress& progress, const std::stop_token& stop);

  std::shared_ptr<const Engine> engine;
  ScanLimits limits;
  MemoryMeter meter;
  WalkMemory memory;
};

LayerScanner::LayerScanner(std::shared_ptr<const Engine> engine, const ScanLimits& limits)
    : impl_(std::make_unique<Impl>(std::move(engine), limits)) {}
LayerScanner::~LayerScanner() = default;

std::uint64_t LayerScanner::memory_peak() const { return impl_->meter.peak(); }

std::uint64_t LayerScanner::work() const { return impl_->memory.files.used(); }

std::vector<Analysis> LayerScanner::Impl::known(std::span<const Analysis> wanted) const {
  std::vector<Analysis> known;
  for (const AnalysisState& has : engine->states()) {
    if (std::ranges::find(wanted, has.analysis) != wanted.end()) known.push_back(has.analysis);
  }
  return known;
}

void LayerScanner::Impl::walk(ByteSource& blob, ReportBuilder& report, ScanProgress& progress, const std::stop_token& stop) {
  EvenSource even(blob, landwaiter::limits::blob_chunk_bytes);
  PeekSource head(even);
  const auto first = head.peek(kCompressionSniffBytes);
  if (!first || first->empty()) return;  // an error stays with the source, whose drain() returns it
  InflateSource layer(head, sniff_compression(*first), memory.inflated);
  LayerWalk(engine->impl(), memory, limits, report, progress, stop).walk(layer);
  if (layer.trailing_data()) {
    report.diagnose(ErrorCode::malformed, "bytes after the end of the layer's compressed data are not searched", {});
  }
}

Result<ScannedLayer> LayerScanner::scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                                        ScanProgress& progress, std::stop_token stop) {
  VerifyingSource verified(blob, layer, size_bytes);
  return read(verified, layer, wanted, progress, std::move(stop));
}

Result<ScannedLayer> LayerScanner::read(ByteSource& blob, const Digest& layer, std::span<const Analysis> wanted, ScanProgress& progress,
                                        std::stop_token stop) {
  Meter meter(blob, progress, stop);
  impl_->meter.begin(impl_->limits.layer_memory_bytes_max);
  const MemoryScope scope(impl_->meter);
  ReportBuilder builder(impl_->limits, impl_->known(wanted));
  impl_->walk(meter, builder, progress, stop);
  auto ended = meter.drain();
  if (!ended) return ended.error();
  if (stop.stop_requested()) return Error(ErrorCode::cancelled, "the scan was asked to stop");
  builder.stats().compressed_bytes = meter.bytes_read();
  ScannedLayer scanned = builder.finish();
  scanned.facts.layer = layer;
  scanned.facts.walker = impl_->engine->walker();
  for (LayerReport& report : scanned.reports) {
    report.layer = layer;
    report.of.state = *state_of(impl_->engine->states(), report.of.analysis);
  }
  return scanned;
}

}  // namespace landwaiter::detectors
