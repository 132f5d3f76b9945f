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
  std::size_t requests_in_flight = 8;                ///< in total; the transport's limit on connections also applies
  bool ask_configs = false;                          ///< fetch each image's config for its platform and creation time
  std::shared_ptr<ManifestMemory> memory;            ///< nullptr: a temporary one for this walk
  std::shared_ptr<registry::Enumerator> enumerator;  ///< nullptr: the one for the client's endpoint
};

/// Walks a registry: repositories, tags, manifests, several of each at once. Pages reach the sink as they fill, with items in any order;
/// the last one has `last` set. What the filters of ListWork exclude is reported as well: a tag as a "filtered" item, a repository in the
/// page's counts. A repository that cannot be listed is one item, and the walk continues; it ends early only if the list of repositories
/// cannot be read, on a sink's error, or when `stop` is requested (cancelled, after the requests in flight). Memory does not grow with
/// the registry. Errors: also invalid_argument for invalid filters.
class RegistryWalk {
 public:
  RegistryWalk(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work, PageSink sink,
               std::stop_token stop, WalkOptions options = {});
  ~RegistryWalk();
  RegistryWalk(const RegistryWalk&) = delete;
  RegistryWalk& operator=(const RegistryWalk&) = delete;

  /// With ListWork::references only those are listed.
  Awaitable<void> run();
  /// One repository, without the catalog, which often needs more permissions.
  Awaitable<void> run_repository(std::string repository);
  /// Enumerator::fallback() of a kind that was asked for by its name, when the walk has ended.
  std::string fallback() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::daemon
