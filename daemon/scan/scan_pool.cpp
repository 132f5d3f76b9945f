// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/scan_pool.hpp"

#include "daemon/scan/blob_channel.hpp"
#include "daemon/scan/rate_floor.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

namespace landwaiter::daemon {

ScanPool::ScanPool(asio::any_io_executor executor, std::shared_ptr<ContentReader> reader, std::size_t workers, const Clock& clock,
                   RateFloor floor)
    : executor_(executor),
      reader_(std::move(reader)),
      state_(reader_->engine_state()),
      documents_state_(reader_->documents_state()),
      workers_(workers),
      turns_(executor, workers),
      clock_(clock),
      floor_(floor),
      threads_(workers) {}

ScanPool::~ScanPool() { threads_.join(); }

Awaitable<ScannedLayer> ScanPool::scan(std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer,
                                       std::vector<Analysis> wanted, std::shared_ptr<detectors::ScanProgress> progress,
                                       std::stop_token stop) {
  const std::string origin = source->origin();
  const auto worker = co_await turns_.take(origin);
  if (!worker) co_return worker.error();
  auto scanned = co_await scan_now(std::move(source), std::move(layer), std::move(wanted), std::move(progress), std::move(stop));
  turns_.give_back(*worker, origin);
  co_return scanned;
}

Awaitable<detectors::ImageFindings> ScanPool::analyze(std::shared_ptr<const detectors::ImageDocuments> image, std::stop_token stop) {
  auto work = [this, image = std::move(image), stop = std::move(stop)]() -> Result<detectors::ImageFindings> {
    return reader_->analyze(*image, stop);
  };
  co_return co_await run_on(threads_.get_executor(), std::move(work));
}

Awaitable<ScannedLayer> ScanPool::scan_now(std::shared_ptr<registry::ImageSource> source, registry::Descriptor layer,
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

  auto work = [this, channel, layer, wanted = std::move(wanted), progress, stop]() {
    auto scanned = reader_->scan(*channel, layer.digest, layer.size_bytes, wanted, *progress, stop);
    channel->abandon();
    return scanned;
  };
  auto scanned = co_await run_on(threads_.get_executor(), std::move(work));
  give_up->emit(asio::cancellation_type::terminal);
  co_return scanned;
}

}  // namespace landwaiter::daemon
