// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "daemon/reader/content_reader.hpp"
#include "daemon/scan/worker_turns.hpp"
#include "daemon/settings/network.hpp"
#include "registry/client/image_source.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <stop_token>
#include <vector>

namespace landwaiter::daemon {

/// A fixed number of workers. A layer waits for a free worker before its blob is opened, so connections and memory are bounded by the
/// number of workers; registries get workers in turn. Used from the io thread.
class ScanPool {
 public:
  /// A layer that comes slower than `floor` ends with a timeout; `clock` must outlive the pool.
  ScanPool(asio::any_io_executor executor, std::shared_ptr<ContentReader> reader, std::size_t workers, const Clock& clock,
           RateFloor floor = {});
  ~ScanPool();
  ScanPool(const ScanPool&) = delete;
  ScanPool& operator=(const ScanPool&) = delete;

  /// Streams the layer through a worker, for the wanted analyses. `progress` lives at least until the returned coroutine ends.
  Awaitable<ScannedLayer> scan(std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer, std::vector<Analysis> wanted,
                               std::shared_ptr<detectors::ScanProgress> progress, std::stop_token stop);

  const EngineState& engine_state() const { return state_; }
  /// Looks at an image's own documents on a worker's thread. Error: cancelled, and the reader's.
  Awaitable<detectors::ImageFindings> analyze(std::shared_ptr<const detectors::ImageDocuments> image, std::stop_token stop);

  /// As ImageAnalysis::state().
  const Digest& documents_state() const { return documents_state_; }
  std::size_t workers() const { return workers_; }

  /// After the last layer: lets go of the reader, and so of its processes.
  void close() { reader_.reset(); }

 private:
  Awaitable<ScannedLayer> scan_now(std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer, std::vector<Analysis> wanted,
                                   std::shared_ptr<detectors::ScanProgress> progress, std::stop_token stop);

  asio::any_io_executor executor_;
  std::shared_ptr<ContentReader> reader_;
  EngineState state_;
  Digest documents_state_;
  std::size_t workers_;
  WorkerTurns turns_;
  const Clock& clock_;
  RateFloor floor_;
  asio::thread_pool threads_;
};

}  // namespace landwaiter::daemon
