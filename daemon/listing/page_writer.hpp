// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "daemon/listing/manifest_memory.hpp"
#include "daemon/listing/walk_progress.hpp"
#include "registry/client/image_source.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace landwaiter::daemon {

/// Takes a page of a listing. An error ends the listing.
using PageSink = std::function<Awaitable<void>(protocol::InventoryPage)>;

/// Collects the items of a listing into pages and passes them to the sink, one at a time, while listing continues: it waits only if the
/// sink falls far behind. A page's cursor never goes beyond the items delivered with it and before it.
class PageWriter {
 public:
  PageWriter(asio::any_io_executor executor, PageSink sink, const WalkProgress& progress, std::shared_ptr<ManifestMemory> memory);

  Awaitable<void> add(std::vector<protocol::InventoryItem> items);
  /// Sends the rest; call it when nothing will be added any more.
  Awaitable<void> finish(bool last);

 private:
  Awaitable<void> deliver(bool last);

  PageSink sink_;
  const WalkProgress& progress_;
  std::shared_ptr<ManifestMemory> memory_;
  std::vector<protocol::InventoryItem> items_;
  WalkCursor delivered_;  ///< the cursor of the last page
  bool delivering_ = false;
  std::optional<Error> failure_;
  Event delivered_page_;
};

}  // namespace landwaiter::daemon
