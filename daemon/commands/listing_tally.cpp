// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/listing_tally.hpp"

#include "core/base/text.hpp"

namespace landwaiter::daemon {
namespace {

using protocol::ItemOutcome;

}  // namespace

bool is_artifact(const protocol::InventoryItem& item) { return item.outcome == ItemOutcome::unsupported && !item.media_type.empty(); }

void ListingTally::add(const protocol::InventoryPage& page) {
  for (const protocol::InventoryItem& item : page.items) {
    if (item.outcome == ItemOutcome::filtered) ++left_out;
    else if (item.outcome == ItemOutcome::gone) ++gone;
    else if (is_artifact(item)) ++artifacts;
    else ++found;
  }
  repositories = page.repositories_listed;
  repositories_left_out = page.repositories_filtered;
}

std::string ListingTally::nothing_found() const {
  if (found > 0) return {};
  if (left_out > 0) return "no image matches the filters, which left out " + counted(left_out, "tag or image", "tags and images");
  if (repositories_left_out > 0)
    return "no image matches the filters, which left out " + counted(repositories_left_out, "repository", "repositories");
  if (artifacts > 0 || gone > 0) return {};
  if (repositories > 0) return "there is no image: " + counted(repositories, "repository has", "repositories have") + " no tag";
  return "there is no image: nothing is listed; a registry lists what the account may see";
}

std::string ListingTally::passed_over() const {
  std::string what;
  if (artifacts > 0) what = counted(artifacts, "artifact that is no image", "artifacts that are no images") + " (signatures, charts, ...)";
  if (gone > 0) what += (what.empty() ? "" : ", ") + counted(gone, "name that leads", "names that lead") + " to nothing any more";
  return what.empty() ? what : "not scanned: " + what;
}

}  // namespace landwaiter::daemon
