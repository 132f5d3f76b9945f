// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/document_lane.hpp"
#include "core/report/report.hpp"
#include "daemon/scan/layer_book.hpp"
#include "daemon/scan/scan_pool.hpp"
#include "daemon/scan/store_thread.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace landwaiter::daemon {

/// Counts of a running job, for progress bars and heartbeats. Written on the io thread; `layer` by workers.
struct JobCounters {
  std::shared_ptr<detectors::ScanProgress> layer = std::make_shared<detectors::ScanProgress>();
  std::uint64_t layers_done = 0;
  std::uint64_t layers_total = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t bytes_known = 0;  ///< of them, in layers that need not be read
};

/// One image manifest to scan.
struct ImageTask {
  std::shared_ptr<registry::ImageSource> source;
  Digest digest;         ///< of the image manifest
  std::string display;   ///< its name for people
  std::string platform;  ///< from the index, when there was one
  std::shared_ptr<LayerBook> book;
  bool incremental = true;  ///< what is known at the engine's states is not read again
  std::shared_ptr<JobCounters> counters = std::make_shared<JobCounters>();
  std::stop_token stop;
};

struct ImageOutcome {
  ImageFacts facts;
  bool unchanged = false;  ///< already known; neither config nor layers were read
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

/// Analyzes images' own documents and gets the reports of all their layers into the book: from the store if known, otherwise by streaming
/// the layers through the pool.
class ImageRunner {
 public:
  ImageRunner(asio::any_io_executor executor, ScanPool& pool, StoreThread& store, const Clock& clock)
      : executor_(executor), pool_(pool), store_(store), clock_(clock) {}

  /// On success all is known of every scannable layer of the image, and the store remembers the image; layers that are encrypted, or
  /// foreign and not stored by the registry, are skipped with a diagnostic. Errors: the source's, `unsupported` for a manifest that is
  /// not an image, `cancelled`.
  Awaitable<ImageOutcome> run(ImageTask task);

 private:
  struct Work;
  Awaitable<std::shared_ptr<Work>> prepare(ImageTask task);
  Awaitable<void> read_manifest(std::shared_ptr<Work> work);
  Awaitable<void> analyze(std::shared_ptr<Work> work, std::shared_ptr<detectors::ImageDocuments> image);
  Awaitable<void> read_layers(std::shared_ptr<Work> work);
  asio::awaitable<void> read_layer(std::shared_ptr<Work> work, protocol::ClaimedLayer claimed);
  static void note_reused(Work& work, const Digest& layer);
  static void leave_out_foreign(Work& work, const registry::Descriptor& layer);
  Awaitable<ScannedLayer> scan_layer(std::shared_ptr<Work> work, registry::Descriptor layer, std::vector<Analysis> wanted);
  Awaitable<LayerParts> deliver_remembered(std::shared_ptr<Work> work, protocol::ClaimedLayer claimed);
  Awaitable<void> remember(std::shared_ptr<Work> work);

  asio::any_io_executor executor_;
  ScanPool& pool_;
  StoreThread& store_;
  const Clock& clock_;
  DocumentLane documents_;  ///< for configs
};

}  // namespace landwaiter::daemon
