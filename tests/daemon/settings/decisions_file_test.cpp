// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/decisions_file.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <fstream>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

std::string error_of(std::string_view text) {
  const auto decisions = parse_decisions(text, "i.yml");
  REQUIRE_FALSE(decisions);
  CHECK(decisions.error().code() == ErrorCode::configuration);
  return decisions.error().message();
}

}  // namespace

TEST_CASE("a file of decisions holds all that one can say", "[decisions]") {
  const auto decisions = parse_decisions(R"(# why
- id: "spki-sha256:ab"
  type: private-key
  issue: exposed-private-key
  path: /etc/**
  image: "team/*"
  reason: Only for tests.
  until: 2027-01-01
- path: usr/share/doc/**
  reason: Examples.
)",
                                         "i.yml");
  REQUIRE(decisions);
  REQUIRE(decisions->size() == 2);
  const Decision& first = decisions->front();
  CHECK(first.id == "spki-sha256:ab");
  CHECK(first.type == FindingType::private_key);
  CHECK(first.issue == "exposed-private-key");
  CHECK(first.path == "etc/**");
  CHECK(first.image == "team/*");
  CHECK(first.reason == "Only for tests.");
  CHECK(first.until == from_rfc3339("2027-01-01T00:00:00Z"));
  CHECK(first.origin == "i.yml:2");
  CHECK(decisions->back().origin == "i.yml:9");
}

TEST_CASE("a file of comments accepts nothing", "[decisions]") { CHECK(parse_decisions("# nothing yet\n", "i.yml").value().empty()); }

TEST_CASE("mistakes in a file of decisions are told with their line", "[decisions]") {
  CHECK(error_of("- id: a\n") == "i.yml: line 1: field reason is required: who reads this later wants to know why");
  CHECK(error_of("- reason: all\n").find("line 1: a decision must have at least one of") != std::string::npos);
  CHECK(error_of("- image: \"**\"\n  reason: all\n").find("at least one of") != std::string::npos);
  CHECK(error_of("- id: a\n  reason: b\n  untill: 2027-01-01\n") == "i.yml: line 3: unknown field \"untill\" in a decision");
  CHECK(error_of("- id: a\n  reason: b\n  until: soon\n").find("line 3: field until must be a date") != std::string::npos);
  CHECK(error_of("- type: keys\n  reason: b\n").find("unknown type \"keys\"") != std::string::npos);
  CHECK(error_of("id: a\n").find("must be a list") != std::string::npos);
  CHECK(error_of("- [a").find("i.yml: line") == 0);
}

TEST_CASE("a baseline is a report in JSON, and nothing else", "[decisions]") {
  const test::TemporaryDirectory folder;
  const auto write = [&](std::string_view text) {
    const std::string file = (folder.path() / "old.json").string();
    std::ofstream(file) << text;
    return file;
  };
  const auto good =
      load_baseline(write(R"({"failures":[],"images":[{"findings":[{"type":"certificate","id":"c","severity":"low","title":"t",
    "attributes":{"issues":[{"code":"expired","severity":"low","reason":"","remedy":""}]},"detector":"d/1",
    "occurrences":[{"path":"a","archive":[],"offset":0,"layer":""}]}]}]})"));
  REQUIRE(good);
  Finding same;
  same.id = "c";
  const Occurrence place{"a", {}, 7, {}, std::nullopt};
  CHECK(good->has(same, place, "expired"));
  CHECK_FALSE(good->has(same, place, "other"));
  CHECK(load_baseline(write(R"({"runs":[]})")).error().message().find("is not a report of landwaiter scan --format json") !=
        std::string::npos);
  CHECK(load_baseline(write("no json")).error().code() == ErrorCode::configuration);
  CHECK(load_baseline((folder.path() / "none").string()).error().message().ends_with("none: cannot be read"));
}
