// SPDX-License-Identifier: Apache-2.0
#include "core/wire/filter.hpp"

#include "core/base/limits.hpp"
#include "core/wire/registry_kinds.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace landwaiter;
using namespace std::chrono_literals;

namespace {

SystemTime at(std::string_view text) {
  const auto time = from_rfc3339(text);
  REQUIRE(time);
  return *time;
}

const SystemTime kNow = *from_rfc3339("2026-11-21T20:30:00Z");

bool in_window(std::string_view window, std::string_view time, std::chrono::minutes offset = 0min) {
  const auto parsed = parse_window(window, kNow, offset);
  INFO(window);
  REQUIRE(parsed);
  return parsed->contains(at(time));
}

}  // namespace

TEST_CASE("wildcards match as the guide says: .* and * all, value* a beginning, *value an end") {
  CHECK(matches_wildcard("anything/at:all", ".*"));
  CHECK(matches_wildcard("anything/at:all", "*"));
  CHECK(matches_wildcard("", "*"));
  for (const char* name : {"DemoABC", "RepoABC", "SampleABC", "ABC"}) CHECK(matches_wildcard(name, "*ABC"));
  CHECK_FALSE(matches_wildcard("ABCDemo", "*ABC"));
  for (const char* name : {"123456", "123ABC", "123Sample", "123"}) CHECK(matches_wildcard(name, "123*"));
  CHECK_FALSE(matches_wildcard("0123", "123*"));
}

TEST_CASE("wildcards may stand anywhere; case counts; a dot is a dot") {
  CHECK(matches_wildcard("team/app/web", "team/*/web"));
  CHECK(matches_wildcard("v1.2", "v?.?"));
  CHECK_FALSE(matches_wildcard("v1.22", "v?.?"));
  CHECK_FALSE(matches_wildcard("v1", "v?.?"));
  CHECK(matches_wildcard("aXbXc", "a*b*c"));
  CHECK(matches_wildcard("abab", "*ab"));
  CHECK_FALSE(matches_wildcard("ABC", "abc"));
  CHECK_FALSE(matches_wildcard("vX2", "v.2"));
  CHECK_FALSE(matches_wildcard("xyz", "x.*"));
  CHECK_FALSE(matches_wildcard("", "?"));
  CHECK(matches_wildcard("", ""));
  CHECK_FALSE(matches_wildcard("a", ""));
  // A pattern that would make a backtracking matcher work for years.
  CHECK_FALSE(matches_wildcard(std::string(255, 'a'), "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"));
}

TEST_CASE("an exclusion wins over an inclusion, and no inclusion is all") {
  const NameFilter all;
  CHECK(all.wants("x"));
  const NameFilter some{{"team/*", "lib"}, {"*/secret", "team/old*"}};
  CHECK(some.wants("team/app"));
  CHECK(some.wants("lib"));
  CHECK_FALSE(some.wants("library"));
  CHECK_FALSE(some.wants("team/secret"));
  CHECK_FALSE(some.wants("team/older"));
  const NameFilter but{{}, {"x*"}};
  CHECK(but.wants("a"));
  CHECK_FALSE(but.wants("xa"));
}

TEST_CASE("a filter that matches no repository is told, with the reason if it can match none") {
  const auto has = [](const std::string& note, const char* part) { return note.find(part) != std::string::npos; };
  CHECK(note_on_repositories({{"team/*"}, {}}, 3, 4).empty());
  CHECK(note_on_repositories({{}, {}}, 0, 0).empty());
  CHECK(note_on_repositories({{"team/*"}, {}}, 0, 0).empty());
  CHECK(has(note_on_repositories({{"team/*"}, {}}, 0, 12), "none of the registry's 12 repositories"));
  CHECK(has(note_on_repositories({{}, {"*"}}, 0, 12), "none of the registry's 12 repositories"));
  CHECK(has(note_on_repositories({{"team/*"}, {}}, 0, 1), "the only repository"));
  for (const std::uint64_t matched : {0U, 3U}) {
    const std::string note = note_on_repositories({{"team/*", "Team/App*"}, {}}, matched, 4);
    CHECK(has(note, "Team/App*"));
    CHECK(has(note, "upper-case"));
  }
  CHECK(note_on_repositories({{"team/*"}, {"Team/*"}}, 3, 0).empty());
}

TEST_CASE("days begin at midnight of the offset; the last N days are N times 24 hours") {
  CHECK(in_window("all", "1970-01-01T00:00:00Z"));
  CHECK(in_window("today", "2026-11-21T00:00:00Z"));
  CHECK_FALSE(in_window("today", "2026-11-20T23:59:59Z"));
  CHECK(in_window("yesterday", "2026-11-20T23:59:59Z"));
  CHECK_FALSE(in_window("yesterday", "2026-11-21T00:00:00Z"));
  CHECK_FALSE(in_window("yesterday", "2026-11-19T23:59:59Z"));
  // 20:30 UTC is 01:30 of the next day five hours to the east.
  CHECK_FALSE(in_window("today", "2026-11-21T18:59:59Z", 5h));
  CHECK(in_window("today", "2026-11-21T19:00:00Z", 5h));
  CHECK(in_window("yesterday", "2026-11-20T19:00:00Z", 5h));
  for (const auto& [name, days] : {std::pair{"last-7-days", 7}, {"last-14-days", 14}, {"last-30-days", 30}, {"3", 3}}) {
    const auto window = parse_window(name, kNow, 5h);
    REQUIRE(window);
    CHECK(window->after == kNow - std::chrono::days(days));
    CHECK_FALSE(window->before);
  }
}

TEST_CASE("a window may be given by dates, which are whole days, or by instants") {
  CHECK(in_window("2026-11-01..2026-11-02", "2026-11-02T23:59:59Z"));
  CHECK_FALSE(in_window("2026-11-01..2026-11-02", "2026-11-03T00:00:00Z"));
  CHECK_FALSE(in_window("2026-11-01..2026-11-02", "2026-10-31T23:59:59Z"));
  CHECK(in_window("2026-11-01..", "2036-11-01T00:00:00Z"));
  CHECK(in_window("..2026-11-01", "2026-11-01T22:00:00Z"));
  CHECK_FALSE(in_window("..2026-11-01", "2026-11-01T22:00:00Z", 5h));
  CHECK_FALSE(in_window("..2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"));
  CHECK(in_window("2026-11-01T10:00:00+02:00..", "2026-11-01T08:00:00Z"));
}

TEST_CASE("a window that makes no sense is refused") {
  for (const char* text :
       {"", "tomorrow", "0", "-3", "3651", "..", "2026-11-05..2026-11-04", "2026-13-01..", "x..y", "last-8-days", "7.5"}) {
    INFO(text);
    const auto window = parse_window(text, kNow, 0min);
    REQUIRE_FALSE(window);
    CHECK(window.error().code() == ErrorCode::invalid_argument);
  }
}

TEST_CASE("offsets from UTC") {
  CHECK(parse_offset("+02:00").value() == 2h);
  CHECK(parse_offset("-05:30").value() == -330min);
  CHECK(parse_offset("UTC").value() == 0min);
  CHECK(parse_offset("Z").value() == 0min);
  for (const char* text : {"", "2", "+2", "CET", "+15:00", ".5Z", "+02:00x"}) CHECK_FALSE(parse_offset(text));
}

TEST_CASE("a platform takes its variants; an unknown one is never left out") {
  CHECK(matches_platform("linux/arm64/v8", {"linux/arm64"}));
  CHECK(matches_platform("linux/amd64", {"linux/arm64", "linux/amd64"}));
  CHECK_FALSE(matches_platform("linux/arm64", {"linux/arm"}));
  CHECK(matches_platform("", {"linux/amd64"}));
  CHECK(matches_platform("linux/s390x", {}));
  CHECK(check_platform("linux/amd64"));
  CHECK(check_platform("windows/amd64/10.0.1"));
  for (const char* text : {"", "linux", "/amd64", "linux/", "linux//v8", "a/b/c/d", "linux/am d64", "linux/*"})
    CHECK_FALSE(check_platform(text));
}

TEST_CASE("kinds of registries are named once") {
  const auto listed = registry_kind_names();
  const std::set<std::string> names(listed.begin(), listed.end());
  CHECK(names.size() == listed.size());
  CHECK(listed.front() == "auto");
  CHECK(is_registry_kind("harbor"));
  CHECK_FALSE(is_registry_kind("Harbor"));
  CHECK_FALSE(is_registry_kind(""));
}

TEST_CASE("a platform is asked for by its usual names") {
  for (const auto& [wanted, has] : std::vector<std::pair<std::string, std::string>>{{"linux/amd64", "linux/amd64"},
                                                                                    {"linux/arm", "linux/arm/v7"},
                                                                                    {"linux/arm64", "linux/arm64/v8"},
                                                                                    {"linux/arm64/v8", "linux/arm64"},
                                                                                    {"linux/aarch64", "linux/arm64/v8"},
                                                                                    {"Linux/x86_64", "linux/amd64"}}) {
    INFO(wanted << " " << has);
    CHECK(matches_platform(has, {wanted}));
  }
  for (const auto& [wanted, has] : std::vector<std::pair<std::string, std::string>>{{"linux/arm", "linux/arm64"},
                                                                                    {"linux/arm/v6", "linux/arm/v7"},
                                                                                    {"linux/amd64", "windows/amd64"},
                                                                                    {"linux/arm/v7", "linux/arm"}}) {
    INFO(wanted << " " << has);
    CHECK_FALSE(matches_platform(has, {wanted}));
  }
}
