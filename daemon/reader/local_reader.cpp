// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/local_reader.hpp"

#include <algorithm>

namespace landwaiter::daemon {

LocalReader::LocalReader(std::shared_ptr<const detectors::Engine> engine, std::uint64_t memory_bytes_max)
    : engine_(std::move(engine)), state_(engine_->state()), analysis_(engine_) {
  limits_.layer_memory_bytes_max = memory_bytes_max - std::min(memory_bytes_max, limits::reader_fixed_bytes);
}

Result<std::shared_ptr<LocalReader>> LocalReader::create(const ReaderSettings& settings) {
  auto engine = detectors::Engine::create(settings.context);
  if (!engine) return engine.error();
  return std::make_shared<LocalReader>(*std::move(engine), settings.memory_bytes_max);
}

Result<ScannedLayer> LocalReader::scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                                       detectors::ScanProgress& progress, std::stop_token stop) {
  VerifyingSource verified(blob, layer, size_bytes);
  return read(verified, layer, wanted, progress, std::move(stop));
}

Result<ScannedLayer> LocalReader::read(ByteSource& blob, const Digest& layer, std::span<const Analysis> wanted,
                                       detectors::ScanProgress& progress, std::stop_token stop) {
  std::unique_ptr<detectors::LayerScanner> scanner;
  {
    const std::scoped_lock lock(mutex_);
    if (!free_.empty()) {
      scanner = std::move(free_.back());
      free_.pop_back();
    }
  }
  bool threw = true;
  auto scanned = guarded<ScannedLayer>("layer " + layer.str(), [&] {
    if (!scanner) scanner = std::make_unique<detectors::LayerScanner>(engine_, limits_);
    auto read = scanner->read(blob, layer, wanted, progress, std::move(stop));
    threw = false;
    return read;
  });
  // One that threw may be in any state.
  if (threw) return scanned;
  const std::scoped_lock lock(mutex_);
  free_.push_back(std::move(scanner));
  return scanned;
}

Result<detectors::ImageFindings> LocalReader::analyze(const detectors::ImageDocuments& image, std::stop_token stop) {
  if (stop.stop_requested()) return Error(ErrorCode::cancelled, "the scan was cancelled");
  return guarded<detectors::ImageFindings>("image " + image.facts.digest.str(), [&] { return analysis_.run(image); });
}

}  // namespace landwaiter::daemon
