// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "daemon/scan/worker_turns.hpp"
#include "daemon/settings/network.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/image/image_analysis.hpp"
#include "detectors/walk/layer_scanner.hpp"
#include "registry/client/image_source.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace landwaiter::daemon {

/// How many workers to start when `wanted` are configured; 0 means one per core.
std::size_t worker_count(std::size_t wanted);

/// What `read` returns; an exception in it becomes the layer's error (limit_exceeded if memory ran out, internal), so that one layer does
/// not end the others.
Result<ScannedLayer> guarded(const Digest& layer, const std::function<Result<ScannedLayer>()>& read);

/// A fixed number of workers, each with its own scanner. A layer waits for a free worker before its blob is opened, so
/// connections and memory are bounded by the number of workers; registries get workers in turn. Used from the io thread.
class ScanPool {
 public:
  /// A layer that comes slower than `floor` ends with a timeout; `clock` must outlive the pool.
  ScanPool(asio::any_io_executor executor, std::shared_ptr<const detectors::Engine> engine, std::size_t workers, const Clock& clock,
           RateFloor floor = {});
  ~ScanPool();
  ScanPool(const ScanPool&) = delete;
  ScanPool& operator=(const ScanPool&) = delete;

  /// Streams the layer through a worker, for the wanted analyses. `progress` lives at least until the returned coroutine ends.
  Awaitable<ScannedLayer> scan(std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer, std::vector<Analysis> wanted,
                               std::shared_ptr<detectors::ScanProgress> progress, std::stop_token stop);

  const EngineState& engine_state() const { return state_; }
  /// Looks at an image's own documents on a worker's thread. Error: cancelled.
  Awaitable<detectors::ImageFindings> analyze(std::shared_ptr<const detectors::ImageDocuments> image, std::stop_token stop);

  /// As ImageAnalysis::state().
  const Digest& documents_state() const { return analysis_.state(); }
  std::size_t workers() const { return scanners_.size(); }

 private:
  Awaitable<ScannedLayer> scan_with(std::size_t worker, std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer,
                                    std::vector<Analysis> wanted, std::shared_ptr<detectors::ScanProgress> progress, std::stop_token stop);
  /// On the worker's thread. What the scanner throws becomes the layer's error.
  Result<ScannedLayer> scan_here(std::size_t worker, ByteSource& blob, const registry::Descriptor& layer, std::span<const Analysis> wanted,
                                 detectors::ScanProgress& progress, std::stop_token stop);

  asio::any_io_executor executor_;
  std::shared_ptr<const detectors::Engine> engine_;
  EngineState state_;
  detectors::ImageAnalysis analysis_;
  std::vector<std::unique_ptr<detectors::LayerScanner>> scanners_;
  WorkerTurns turns_;
  const Clock& clock_;
  RateFloor floor_;
  asio::thread_pool threads_;
};

}  // namespace landwaiter::daemon
