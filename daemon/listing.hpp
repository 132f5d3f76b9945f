// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/protocol.hpp"
#include "daemon/async.hpp"
#include "registry/client.hpp"
#include "registry/image_source.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// All manifests that a reference leads to: itself, or an index's members (indexes inside too, to limits::index_depth_max). An
/// outcome for each: "image", "unsupported" (attestations are left out: they describe images and are none), "gone", "failed". Never
/// fails: what goes wrong is an item's outcome. `repository` and `tag` are copied into the items.
asio::awaitable<std::vector<protocol::InventoryItem>> list_reference(std::shared_ptr<registry::ImageSource> source, std::string reference,
                                                                     std::string repository, std::string tag);

/// Takes a page of a listing; the walk waits for it. An error ends the walk.
using PageSink = std::function<registry::Awaitable<void>(protocol::InventoryPage)>;

/// Walks a registry: catalog, tags, manifests. Pages reach `deliver` as they fill; the last one has `last` set. With
/// ListWork::references only those are looked at. A repository that cannot be listed becomes one failed item and the walk
/// goes on; only a catalog that cannot be read, a sink's error or `stop` ends it.
class RegistryWalk {
 public:
  RegistryWalk(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work, PageSink deliver,
               std::stop_token stop);

  registry::Awaitable<void> run();
  /// One repository, without looking at the catalog, which often needs more rights.
  registry::Awaitable<void> run_repository(std::string repository);

 private:
  registry::Awaitable<void> start();
  registry::Awaitable<void> walk_references();
  registry::Awaitable<void> walk_catalog();
  registry::Awaitable<void> walk_repository(std::string repository);
  registry::Awaitable<void> list_tags(std::string repository, std::vector<std::string> tags);
  registry::Awaitable<void> add_invalid(std::vector<std::string> names, std::string repository);
  registry::Awaitable<void> add(std::vector<protocol::InventoryItem> items);
  registry::Awaitable<void> flush(bool last);

  asio::any_io_executor executor_;
  std::shared_ptr<registry::Client> client_;
  protocol::ListWork work_;
  PageSink deliver_;
  std::stop_token stop_;
  std::vector<protocol::InventoryItem> items_;
  std::string cursor_;
};

/// Whether `name` matches one of `patterns`: exact, "value*", "*value", ".*" and "*" for all. No patterns match everything.
bool matches_any(std::string_view name, const std::vector<std::string>& patterns);

}  // namespace landwaiter::daemon
