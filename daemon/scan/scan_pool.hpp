// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/image/image_analysis.hpp"
#include "detectors/walk/layer_scanner.hpp"
#include "registry/client/image_source.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <stop_token>
#include <vector>

namespace landwaiter::daemon {

/// How many workers to start when `wanted` are configured; 0 means one per core.
std::size_t worker_count(std::size_t wanted);

/// A fixed number of workers, each with its own scanner. A layer waits for a free worker before its blob is opened, so
/// connections and memory are bounded by the number of workers. Used from the io thread.
class ScanPool {
 public:
  ScanPool(asio::any_io_executor executor, std::shared_ptr<const detectors::Engine> engine, std::size_t workers);
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

  asio::any_io_executor executor_;
  std::shared_ptr<const detectors::Engine> engine_;
  EngineState state_;
  detectors::ImageAnalysis analysis_;
  std::vector<std::unique_ptr<detectors::LayerScanner>> scanners_;
  asio::experimental::concurrent_channel<void(boost::system::error_code, std::size_t)> free_;
  asio::thread_pool threads_;
};

}  // namespace landwaiter::daemon
