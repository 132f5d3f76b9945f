// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "daemon/listing/manifest_memory.hpp"
#include "daemon/listing/page_writer.hpp"
#include "registry/client/client.hpp"
#include "registry/enumerators/enumerator.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace landwaiter::daemon {

struct WalkOptions {
  std::size_t requests_in_flight = 8;                ///< all together; the transport's bound on connections holds beside it
  bool ask_configs = false;                          ///< fetch each image's config for its platform and when it was made
  std::shared_ptr<ManifestMemory> memory;            ///< nullptr: one that lasts as long as the walk
  std::shared_ptr<registry::Enumerator> enumerator;  ///< nullptr: that of the client's endpoint
};

/// Walks a registry: repositories, tags, manifests, several of each at once. Pages reach the sink as they fill, their items in any
/// order; the last one has `last` set. What the filters of ListWork leave out is told too: a tag as a "filtered" item, a repository
/// in the page's counts. A repository that cannot be listed is one item, and the walk goes on; it ends early only when the list of
/// repositories cannot be read, by a sink's error, or when `stop` is asked for (cancelled, after the requests in flight).
/// Memory does not grow with the registry. Errors: also invalid_argument for filters that have no meaning.
class RegistryWalk {
 public:
  RegistryWalk(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work, PageSink sink,
               std::stop_token stop, WalkOptions options = {});
  ~RegistryWalk();
  RegistryWalk(const RegistryWalk&) = delete;
  RegistryWalk& operator=(const RegistryWalk&) = delete;

  /// With ListWork::references only those are looked at.
  Awaitable<void> run();
  /// One repository, without looking at the catalog, which often needs more rights.
  Awaitable<void> run_repository(std::string repository);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::daemon
