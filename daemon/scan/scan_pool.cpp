// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_pool.hpp"

#include "daemon/scan/blob_channel.hpp"
#include "daemon/scan/rate_floor.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <thread>

namespace landwaiter::daemon {

std::size_t worker_count(std::size_t wanted) { return wanted > 0 ? wanted : std::max(1U, std::thread::hardware_concurrency()); }

ScanPool::ScanPool(asio::any_io_executor executor, std::shared_ptr<const detectors::Engine> engine, std::size_t workers, const Clock& clock,
                   RateFloor floor)
    : executor_(executor),
      engine_(std::move(engine)),
      state_(engine_->state()),
      analysis_(engine_),
      turns_(executor, workers),
      clock_(clock),
      floor_(floor),
      threads_(workers) {
  for (std::size_t i = 0; i < workers; ++i) scanners_.push_back(std::make_unique<detectors::LayerScanner>(engine_));
}

ScanPool::~ScanPool() { threads_.join(); }

Awaitable<ScannedLayer> ScanPool::scan(std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer,
                                       std::vector<Analysis> wanted, std::shared_ptr<detectors::ScanProgress> progress,
                                       std::stop_token stop) {
  const std::string origin = source->origin();
  const auto worker = co_await turns_.take(origin);
  if (!worker) co_return worker.error();
  auto scanned = co_await scan_with(*worker, std::move(source), std::move(layer), std::move(wanted), std::move(progress), std::move(stop));
  turns_.give_back(*worker, origin);
  co_return scanned;
}

Awaitable<detectors::ImageFindings> ScanPool::analyze(std::shared_ptr<const detectors::ImageDocuments> image, std::stop_token stop) {
  auto work = [this, image = std::move(image), stop = std::move(stop)]() -> Result<detectors::ImageFindings> {
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "the scan was cancelled");
    return analysis_.run(*image);
  };
  co_return co_await run_on(threads_.get_executor(), std::move(work));
}

Result<ScannedLayer> guarded(const Digest& layer, const std::function<Result<ScannedLayer>()>& read) {
  const std::string name = "layer " + layer.str();
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::limit_exceeded, name + " needs more memory than this process may have: allow more, or use fewer workers");
  } catch (const std::exception& bug) {
    return Error(ErrorCode::internal, name + " could not be read because of an internal error: " + bug.what());
  }
}

Result<ScannedLayer> ScanPool::scan_here(std::size_t worker, ByteSource& blob, const registry::Descriptor& layer,
                                         std::span<const Analysis> wanted, detectors::ScanProgress& progress, std::stop_token stop) {
  const auto read = [&] {
    try {
      return scanners_[worker]->scan(blob, layer.digest, layer.size_bytes, wanted, progress, stop);
    } catch (...) {
      // It may be in any state: the next layer gets a new one.
      scanners_[worker] = std::make_unique<detectors::LayerScanner>(engine_);
      throw;
    }
  };
  return guarded(layer.digest, read);
}

Awaitable<ScannedLayer> ScanPool::scan_with(std::size_t worker, std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer,
                                            std::vector<Analysis> wanted, std::shared_ptr<detectors::ScanProgress> progress,
                                            std::stop_token stop) {
  if (stop.stop_requested()) co_return Error(ErrorCode::cancelled, "the scan was cancelled");
  auto reader = co_await registry::open_content(source, layer);
  if (!reader) co_return reader.error();

  auto channel = std::make_shared<BlobChannel>(executor_, stop);
  // The signal ends a transfer that waits for the network after the worker has stopped.
  auto give_up = std::make_shared<asio::cancellation_signal>();
  auto transfer = [](std::shared_ptr<BlobChannel> to, std::shared_ptr<registry::ImageSource> alive,
                     std::shared_ptr<asio::cancellation_signal> signal,
                     std::unique_ptr<registry::BlobReader> from) -> asio::awaitable<void> {
    // alive and signal live as long as the transfer.
    (void)alive;
    (void)signal;
    co_await to->pump(std::move(from));
  };
  auto done = asio::bind_cancellation_slot(give_up->slot(), asio::detached);
  asio::co_spawn(executor_, transfer(channel, source, give_up, with_rate_floor(*std::move(reader), layer.digest, clock_, floor_)),
                 std::move(done));

  auto work = [this, worker, channel, layer, wanted = std::move(wanted), progress, stop]() {
    auto scanned = scan_here(worker, *channel, layer, wanted, *progress, stop);
    channel->abandon();
    return scanned;
  };
  auto scanned = co_await run_on(threads_.get_executor(), std::move(work));
  give_up->emit(asio::cancellation_type::terminal);
  co_return scanned;
}

}  // namespace landwaiter::daemon
