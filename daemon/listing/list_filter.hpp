// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/filter.hpp"
#include "core/wire/protocol.hpp"
#include "daemon/listing/open_repository.hpp"
#include "daemon/listing/tag_listing.hpp"

#include <memory>
#include <vector>

namespace landwaiter::daemon {

/// The filters of a ListWork, ready for use.
struct ListFilter {
  NameFilter repositories;
  NameFilter tags;
  TimeWindow window;
  std::size_t newest = 0;
  TagRules rules;

  bool timed() const { return newest > 0 || !window.all(); }
  /// Error: invalid_argument.
  static Result<ListFilter> of(const protocol::ListWork& work, bool ask_configs);
};

/// Lists one tag: whether it passes the filters, and its items. A tag that may be among the newest goes into the repository's `newest`
/// and gets its items later. The registry's push time takes precedence over the image config's, which is fetched only if a filter needs
/// it.
asio::awaitable<std::vector<protocol::InventoryItem>> list_tag(std::shared_ptr<OpenRepository> repository, TagWork work,
                                                               std::shared_ptr<const ListFilter> filter);

}  // namespace landwaiter::daemon
