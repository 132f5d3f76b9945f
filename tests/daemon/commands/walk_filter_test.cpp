// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/walk_filter.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

const SystemTime kNow = from_rfc3339("2026-03-10T12:00:00Z").value();

}  // namespace

TEST_CASE("a filter becomes what a walk needs", "[walk_filter]") {
  WalkFilter filter;
  CHECK_FALSE(filter.chooses());
  filter.work.platforms = {"linux/amd64"};
  CHECK_FALSE(filter.chooses());
  filter.work.tags = {"v*"};
  filter.pushed = "today";
  filter.utc_offset = "+02:00";
  CHECK(filter.chooses());
  const auto work = filter.at(kNow);
  REQUIRE(work.has_value());
  CHECK(work->tags == filter.work.tags);
  CHECK(work->pushed_after == "2026-03-09T22:00:00Z");
}

TEST_CASE("what a filter cannot mean is an error of its option", "[walk_filter]") {
  const auto said = [](const WalkFilter& filter) {
    const auto work = filter.at(kNow);
    REQUIRE(work.has_error());
    CHECK(work.error().code() == ErrorCode::invalid_argument);
    return work.error().message();
  };
  WalkFilter offset;
  offset.utc_offset = "+02:00";
  CHECK(said(offset).find("there is no --pushed") != std::string::npos);
  offset.pushed = "today";
  offset.utc_offset = "Europe/Berlin";
  CHECK(said(offset).starts_with("--utc-offset"));
  WalkFilter pushed;
  pushed.pushed = "someday";
  CHECK(said(pushed).starts_with("--pushed"));
  WalkFilter platform;
  platform.work.platforms = {"linux/amd64", "arm"};
  CHECK(said(platform).starts_with("--platform"));
}
