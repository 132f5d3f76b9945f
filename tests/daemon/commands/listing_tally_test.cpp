// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/listing_tally.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;
using protocol::InventoryItem;
using protocol::InventoryPage;
using protocol::ItemOutcome;

namespace {

InventoryItem item(ItemOutcome outcome, std::string media_type = "") {
  InventoryItem out;
  out.outcome = outcome;
  out.media_type = std::move(media_type);
  return out;
}

ListingTally tally_of(std::vector<InventoryItem> items, std::uint64_t listed = 1, std::uint64_t filtered = 0) {
  InventoryPage page;
  page.items = std::move(items);
  page.repositories_listed = listed;
  page.repositories_filtered = filtered;
  ListingTally tally;
  tally.add(page);
  return tally;
}

}  // namespace

TEST_CASE("artifacts and what is gone are passed over with a sentence", "[commands]") {
  const InventoryItem signature = item(ItemOutcome::unsupported, "application/vnd.oci.image.manifest.v1+json");
  CHECK(is_artifact(signature));
  const auto some = tally_of({item(ItemOutcome::image), signature, signature, item(ItemOutcome::gone)});
  CHECK(some.passed_over() ==
        "not scanned: 2 artifacts that are no images (signatures, charts, ...), 1 name that leads to nothing any more");
  CHECK(some.nothing_found().empty());
  CHECK(tally_of({item(ItemOutcome::image)}).passed_over().empty());
}

TEST_CASE("an image of an old format is no artifact", "[commands]") {
  const InventoryItem schema1 = item(ItemOutcome::unsupported);
  CHECK_FALSE(is_artifact(schema1));
  CHECK(tally_of({schema1}).passed_over().empty());
}

TEST_CASE("a listing that has nothing says why", "[commands]") {
  CHECK(tally_of({item(ItemOutcome::filtered), item(ItemOutcome::filtered)})
            .nothing_found()
            .find("matches the filters, which left out 2 tags and images") != std::string::npos);
  CHECK(tally_of({}, 0, 3).nothing_found().find("left out 3 repositories") != std::string::npos);
  CHECK(tally_of({}, 2).nothing_found().find("2 repositories have no tag") != std::string::npos);
  CHECK(tally_of({}, 0).nothing_found().find("nothing is listed") != std::string::npos);
  // A failure is something, and told by itself.
  CHECK(tally_of({item(ItemOutcome::failed)}).nothing_found().empty());
}
