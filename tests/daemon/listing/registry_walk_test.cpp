// SPDX-License-Identifier: Apache-2.0
// The walk of a registry, over real HTTP.
#include "daemon/listing/registry_walk.hpp"
#include "tests/support/run_awaitable.hpp"

#include "core/base/limits.hpp"
#include "daemon/listing/walk_progress.hpp"
#include "registry/http/transport.hpp"
#include "tests/daemon/support/fake_registry.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;
using protocol::InventoryItem;
using protocol::InventoryPage;
using protocol::ItemOutcome;
using protocol::TimeSource;
using test::FakeRegistry;
using test::ScriptedRequest;
using test::ScriptedResponse;

namespace {

/// The result of a walk.
struct Walked {
  Result<void> result;
  std::vector<InventoryPage> pages;

  std::vector<InventoryItem> items() const {
    std::vector<InventoryItem> all;
    for (const InventoryPage& page : pages) all.insert(all.end(), page.items.begin(), page.items.end());
    return all;
  }
  /// "repository:tag outcome", sorted.
  std::multiset<std::string> outcomes() const {
    std::multiset<std::string> all;
    for (const InventoryItem& item : items()) all.insert(item.repository + ':' + item.tag + ' ' + std::string(to_string(item.outcome)));
    return all;
  }
};

struct Walker {
  explicit Walker(FakeRegistry& its_registry) : registry(its_registry) {}

  FakeRegistry& registry;
  WalkOptions options;
  std::stop_source stop;
  std::size_t pages_max = 1'000'000;  ///< the sink fails beyond
  const RealClock clock;

  Walked walk(protocol::ListWork work = {}, const std::string& repository = "") {
    asio::io_context io;
    Walked out;
    auto endpoint = registry::Endpoint::parse("http://" + registry.host());
    REQUIRE(endpoint);
    endpoint->kind = "docker-v2";
    auto client = std::make_shared<registry::Client>(registry::make_transport(io.get_executor(), {}), *endpoint, clock);
    auto sink = [&](InventoryPage page) -> Awaitable<void> {
      if (out.pages.size() >= pages_max) co_return Error(ErrorCode::io, "no more");
      out.pages.push_back(std::move(page));
      co_return Result<void>();
    };
    RegistryWalk walking(io.get_executor(), client, std::move(work), sink, stop.get_token(), options);
    out.result = repository.empty() ? run_awaitable(io, walking.run()) : run_awaitable(io, walking.run_repository(repository));
    return out;
  }
};

void check_complete(const Walked& walked) {
  INFO((walked.result ? std::string() : walked.result.error().message()));
  REQUIRE(walked.result);
  REQUIRE_FALSE(walked.pages.empty());
  CHECK(walked.pages.back().last);
  for (std::size_t i = 0; i + 1 < walked.pages.size(); ++i) CHECK_FALSE(walked.pages[i].last);
}

void fill(FakeRegistry& registry, int repositories, int tags) {
  for (int r = 0; r < repositories; ++r) {
    for (int t = 0; t < tags; ++t) registry.add_image("team/r" + std::to_string(1000 + r), "v" + std::to_string(t), "2026-01-01T00:00:00Z");
  }
}

class TimedEnumerator final : public registry::Enumerator {
 public:
  explicit TimedEnumerator(std::vector<registry::TagEntry> entries) : entries_(std::move(entries)) {}
  std::string_view kind() const override { return "fake"; }
  bool knows_push_time() const override { return true; }
  Awaitable<registry::RepositoryPage> repositories(std::string) override {
    registry::RepositoryPage page;
    page.names = {"a"};
    co_return page;
  }
  Awaitable<registry::TagPage> tags(std::string, std::string) override {
    registry::TagPage page;
    for (const registry::TagEntry& entry : entries_) page.entries.push_back(entry);
    co_return page;
  }

 private:
  std::vector<registry::TagEntry> entries_;
};

}  // namespace

TEST_CASE("walk: everything is listed once, over pages of the catalog, in bounded pages") {
  FakeRegistry registry;
  fill(registry, 60, 10);
  registry.catalog_page = 7;
  const Walked walked = Walker(registry).walk();
  check_complete(walked);
  const auto outcomes = walked.outcomes();
  CHECK(outcomes.size() == 600);
  CHECK(std::set<std::string>(outcomes.begin(), outcomes.end()).size() == 600);
  CHECK(walked.pages.size() > 2);
  for (const InventoryPage& page : walked.pages) CHECK(page.items.size() <= limits::inventory_page_items_max);
  CHECK(walked.pages.back().repositories_listed == 60);
  CHECK(registry.count("GET /v2/team") == 60 + 600);
  CHECK(registry.count("HEAD") == 0);
}

TEST_CASE("walk: an error of the sink ends it at once") {
  FakeRegistry registry;
  fill(registry, 60, 10);
  Walker walker(registry);
  walker.pages_max = 1;
  const Walked walked = walker.walk();
  REQUIRE_FALSE(walked.result);
  CHECK(walked.result.error().code() == ErrorCode::io);
  CHECK(registry.requests().size() < 600);
}

TEST_CASE("walk: from any page's cursor the rest follows, nothing is lost, and the counts are whole") {
  FakeRegistry registry;
  fill(registry, 90, 10);
  registry.catalog_page = 7;
  const Walked whole = Walker(registry).walk();
  check_complete(whole);
  const auto all = whole.outcomes();
  REQUIRE(whole.pages.size() >= 4);
  for (std::size_t killed_after = 1; killed_after < whole.pages.size(); ++killed_after) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < killed_after; ++i) {
      for (const InventoryItem& item : whole.pages[i].items)
        seen.insert(item.repository + ':' + item.tag + ' ' + std::string(to_string(item.outcome)));
    }
    protocol::ListWork work;
    work.cursor = whole.pages[killed_after - 1].cursor;
    const Walked rest = Walker(registry).walk(work);
    check_complete(rest);
    CHECK(rest.items().size() < 900);
    const auto more = rest.outcomes();
    seen.insert(more.begin(), more.end());
    CHECK(seen == std::set<std::string>(all.begin(), all.end()));
    CHECK(rest.pages.back().repositories_listed == 90);
  }
}

TEST_CASE("walk: a repository that vanished under the cursor, and a cursor that makes no sense, repeat work and lose nothing") {
  FakeRegistry registry;
  fill(registry, 10, 2);
  WalkCursor cursor;
  cursor.after = "team/gone";
  cursor.listed = 6;
  protocol::ListWork work;
  work.cursor = GENERATE_COPY(cursor.str(), std::string("nonsense"), std::string(R"({"page":7})"));
  const Walked walked = Walker(registry).walk(work);
  check_complete(walked);
  CHECK(walked.items().size() == 20);
  CHECK(walked.pages.back().repositories_listed == 10);
}

TEST_CASE("walk: repositories that end out of order do not move the cursor past one that is not done") {
  WalkProgress progress{WalkCursor()};
  const auto page = std::make_shared<const std::string>("");
  const auto next = std::make_shared<const std::string>("next");
  auto* a = progress.add("a", page, false);
  auto* b = progress.add("b", page, true);
  auto* c = progress.add("c", next, false);
  progress.finish(c);
  progress.finish(b);
  CHECK(progress.cursor.at_start());
  CHECK(progress.open() == 3);
  progress.finish(a);
  CHECK(progress.open() == 0);
  CHECK(progress.cursor.page == "next");
  CHECK(progress.cursor.after == "c");
  CHECK(progress.cursor.listed == 2);
  CHECK(progress.cursor.filtered == 1);
  CHECK(progress.cursor.page_listed == 1);
  CHECK(WalkCursor::parse(progress.cursor.str()).str() == progress.cursor.str());
}

TEST_CASE("walk: a stop ends it within the requests under way") {
  FakeRegistry registry;
  fill(registry, 50, 10);
  Walker walker(registry);
  walker.options.requests_in_flight = 4;
  std::size_t asked = 0;
  registry.override_answer = [&](const ScriptedRequest&) {
    if (++asked == 20) walker.stop.request_stop();
    return FakeRegistry::Answer();
  };
  const Walked walked = walker.walk();
  REQUIRE_FALSE(walked.result);
  CHECK(walked.result.error().code() == ErrorCode::cancelled);
  CHECK(registry.requests().size() <= 20 + 4);
}

TEST_CASE("walk: no more requests are under way than allowed") {
  FakeRegistry registry;
  fill(registry, 20, 5);
  Walker walker(registry);
  walker.options.requests_in_flight = 1;
  const Walked walked = walker.walk();
  check_complete(walked);
  CHECK(walked.items().size() == 100);
}

TEST_CASE("walk: a repository that cannot be listed is one item, with the error's code, and the walk goes on") {
  FakeRegistry registry;
  fill(registry, 3, 1);
  registry.override_answer = [](const ScriptedRequest& request) {
    FakeRegistry::Answer answer;
    if (request.path() == "/v2/team/r1000/tags/list") answer = ScriptedResponse{.status = 403};
    if (request.path() == "/v2/team/r1001/tags/list")
      answer = ScriptedResponse{.status = 404, .body = R"({"errors":[{"code":"NAME_UNKNOWN"}]})"};
    return answer;
  };
  const Walked walked = Walker(registry).walk();
  check_complete(walked);
  CHECK(walked.outcomes() == std::multiset<std::string>{"team/r1000: failed", "team/r1001: gone", "team/r1002:v0 image"});
  for (const InventoryItem& item : walked.items()) {
    if (item.outcome == ItemOutcome::failed) CHECK(item.code == "forbidden");
    if (item.outcome == ItemOutcome::gone) CHECK(item.code == "not_found");
    if (item.outcome == ItemOutcome::image) CHECK(item.code.empty());
  }
  CHECK(walked.pages.back().repositories_listed == 3);
}

TEST_CASE("walk: deleted while listed: MANIFEST_UNKNOWN, UNKNOWN with not found, and a bare 404 are gone") {
  FakeRegistry registry;
  registry.add_image("a", "t", "");
  ScriptedResponse answer =
      GENERATE(ScriptedResponse{.status = 404, .body = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"},
               ScriptedResponse{.status = 400, .body = R"({"errors":[{"code":"UNKNOWN","message":"artifact a:t not found"}]})"},
               ScriptedResponse{.status = 404});
  registry.override_answer = [&](const ScriptedRequest& request) {
    return request.path().find("/manifests/") == std::string::npos ? FakeRegistry::Answer() : FakeRegistry::Answer(answer);
  };
  const Walked walked = Walker(registry).walk();
  check_complete(walked);
  CHECK(walked.outcomes() == std::multiset<std::string>{"a:t gone"});
}

TEST_CASE("walk: a manifest that is refused keeps its own code, so that a 401 reads as one") {
  FakeRegistry registry;
  registry.add_image("a", "t", "");
  registry.override_answer = [](const ScriptedRequest& request) {
    return request.path().find("/manifests/") == std::string::npos ? FakeRegistry::Answer()
                                                                   : FakeRegistry::Answer(ScriptedResponse{.status = 401});
  };
  const Walked walked = Walker(registry).walk();
  check_complete(walked);
  REQUIRE(walked.items().size() == 1);
  CHECK(walked.items()[0].outcome == ItemOutcome::failed);
  CHECK(walked.items()[0].code == "unauthorized");
}

TEST_CASE("walk: a catalog that breaks off fails, and what was listed is delivered with its cursor") {
  FakeRegistry registry;
  fill(registry, 20, 2);
  registry.catalog_page = 5;
  registry.override_answer = [](const ScriptedRequest& request) {
    const bool third = request.target.find("last=team/r1009") != std::string::npos;
    return third ? FakeRegistry::Answer(ScriptedResponse{.status = 403}) : FakeRegistry::Answer();
  };
  const Walked walked = Walker(registry).walk();
  REQUIRE_FALSE(walked.result);
  CHECK(walked.result.error().code() == ErrorCode::forbidden);
  REQUIRE_FALSE(walked.pages.empty());
  CHECK_FALSE(walked.pages.back().last);
  registry.override_answer = [](const ScriptedRequest&) { return FakeRegistry::Answer(); };
  protocol::ListWork work;
  work.cursor = walked.pages.back().cursor;
  const Walked rest = Walker(registry).walk(work);
  check_complete(rest);
  auto seen = walked.outcomes();
  seen.merge(rest.outcomes());
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 40);
}

TEST_CASE("walk: when the catalog leads to another host, round in circles or nowhere, its first page is still listed") {
  for (const char* link : {"<http://127.0.0.1:1/v2/_catalog?p=2>; rel=next", "</v2/nowhere>; rel=next", "unreadable",
                           "</v2/_catalog?last=&again>; rel=next", "<>; rel=next"}) {
    INFO(link);
    FakeRegistry registry;
    fill(registry, 3, 2);
    registry.override_answer = [&](const ScriptedRequest& request) {
      if (request.path() != "/v2/_catalog") return FakeRegistry::Answer();
      return FakeRegistry::Answer(
          ScriptedResponse{.headers = {{"Link", link}}, .body = R"({"repositories":["team/r1000","team/r1001","team/r1002"]})"});
    };
    const Walked walked = Walker(registry).walk();
    REQUIRE_FALSE(walked.result);
    CHECK(walked.result.error().code() == ErrorCode::malformed);
    CHECK(walked.outcomes().size() == 6);
    CHECK_FALSE(walked.pages.back().last);
  }
}

TEST_CASE("walk: a catalog of ever new cursors over the same names ends, and each is listed") {
  FakeRegistry registry;
  fill(registry, 3, 1);
  int cursors = 0;
  registry.override_answer = [&](const ScriptedRequest& request) {
    if (request.path() != "/v2/_catalog") return FakeRegistry::Answer();
    const std::string name = cursors == 0 ? "team/r1000" : cursors % 2 == 0 ? "team/r1001" : "team/r1002";
    return FakeRegistry::Answer(ScriptedResponse{.headers = {{"Link", "</v2/_catalog?c=" + std::to_string(++cursors) + ">; rel=next"}},
                                                 .body = R"({"repositories":[")" + name + R"("]})"});
  };
  const Walked walked = Walker(registry).walk();
  REQUIRE_FALSE(walked.result);
  CHECK(walked.result.error().message().find("loop") != std::string::npos);
  const auto outcomes = walked.outcomes();
  CHECK(std::set<std::string>(outcomes.begin(), outcomes.end()).size() == 3);
  CHECK(cursors < 20);
}

TEST_CASE("walk: a list of tags whose next page is not there is a failure, not the end, and not gone") {
  FakeRegistry registry;
  fill(registry, 1, 2);
  registry.override_answer = [&](const ScriptedRequest& request) {
    if (request.path() != "/v2/team/r1000/tags/list") return FakeRegistry::Answer();
    if (request.target.find("p=2") != std::string::npos) return FakeRegistry::Answer(ScriptedResponse{.status = 404});
    return FakeRegistry::Answer(
        ScriptedResponse{.headers = {{"Link", "</v2/team/r1000/tags/list?p=2>; rel=next"}}, .body = R"({"tags":["v0","v1"]})"});
  };
  const Walked walked = Walker(registry).walk();
  check_complete(walked);
  CHECK(walked.outcomes() == std::multiset<std::string>{"team/r1000: failed", "team/r1000:v0 image", "team/r1000:v1 image"});
}

TEST_CASE("walk: a catalog of many repositories in one page opens a few at a time, and resumes in it") {
  FakeRegistry registry;
  fill(registry, 5, 1);
  nlohmann::json names = nlohmann::json::array();
  for (int i = 0; i < 6000; ++i) names.push_back("other/r" + std::to_string(100'000 + i));
  for (const auto& [name, tags] : registry.repositories_) names.push_back(name);
  registry.override_answer = [body = dump_json({{"repositories", names}})](const ScriptedRequest& request) {
    return request.path() == "/v2/_catalog" ? FakeRegistry::Answer(ScriptedResponse{.body = body}) : FakeRegistry::Answer();
  };
  protocol::ListWork work;
  work.repositories = {"team/*"};
  const Walked walked = Walker(registry).walk(work);
  check_complete(walked);
  CHECK(walked.outcomes().size() == 5);
  CHECK(walked.pages.back().repositories_listed == 5);
  CHECK(walked.pages.back().repositories_filtered == 6000);
  work.repositories = {"team/*", "other/r1000*"};
  Walker short_walk(registry);
  short_walk.pages_max = 1;
  const Walked begun = short_walk.walk(work);
  REQUIRE_FALSE(begun.result);
  work.cursor = begun.pages.back().cursor;
  const Walked rest = Walker(registry).walk(work);
  check_complete(rest);
  CHECK(rest.pages.back().repositories_listed == 105);
  CHECK(rest.pages.back().repositories_filtered == 5900);
}

TEST_CASE("walk: names that break the grammar are accounted for") {
  FakeRegistry registry;
  registry.repositories_["Bad Name"];
  registry.add_image("good", "t", "");
  registry.repositories_["good"]["-bad-"] = registry.repositories_["good"]["t"];
  const Walked walked = Walker(registry).walk();
  check_complete(walked);
  CHECK(walked.outcomes() == std::multiset<std::string>{"Bad Name: unsupported", "good:-bad- unsupported", "good:t image"});
}

TEST_CASE("walk: one repository, and explicit references, need no catalog") {
  FakeRegistry registry;
  const Digest digest = registry.add_image("a/b", "t", "");
  registry.add_image("a/b", "u", "");
  const Walked one = Walker(registry).walk({}, "a/b");
  check_complete(one);
  CHECK(one.outcomes() == std::multiset<std::string>{"a/b:t image", "a/b:u image"});
  protocol::ListWork work;
  work.references = {"a/b:t", "a/b@" + digest.str(), "a/b:none", "A B"};
  const Walked some = Walker(registry).walk(work);
  check_complete(some);
  CHECK(some.outcomes() == std::multiset<std::string>{"A B: failed", "a/b: image", "a/b:none gone", "a/b:t image"});
  CHECK(registry.count("_catalog") == 0);
}

TEST_CASE("walk: filters by name: tags become items, repositories are counted, neither is asked for") {
  FakeRegistry registry;
  for (const char* repository : {"team/app", "team/lib", "team/old", "other"}) {
    for (const char* tag : {"v1", "v2", "v2-debug"}) registry.add_image(repository, tag, "");
  }
  protocol::ListWork work;
  work.repositories = {"team/*"};
  work.exclude_repositories = {"*/old"};
  work.tags = {"v2*"};
  work.exclude_tags = {"*-debug"};
  const Walked walked = Walker(registry).walk(work);
  check_complete(walked);
  std::multiset<std::string> expected;
  for (const std::string repository : {"team/app", "team/lib"}) {
    expected.insert({repository + ":v1 filtered", repository + ":v2 image", repository + ":v2-debug filtered"});
  }
  CHECK(walked.outcomes() == expected);
  for (const InventoryItem& item : walked.items()) CHECK(item.reason.empty() == (item.outcome == ItemOutcome::image));
  CHECK(walked.pages.back().repositories_listed == 2);
  CHECK(walked.pages.back().repositories_filtered == 2);
  CHECK(registry.count("/manifests/") == 2);
  CHECK(registry.count("other") == 0);
}

TEST_CASE("walk: the newest of each repository, by the image configs when the registry tells no times") {
  FakeRegistry registry;
  registry.add_image("a", "old", "2026-01-01T00:00:00Z", "amd64", 1);
  registry.add_image("a", "new", "2026-03-01T00:00:00Z", "amd64", 2);
  registry.add_image("a", "mid", "2026-02-01T00:00:00Z", "amd64", 3);
  registry.add_image("a", "unknown", "", "amd64", 4);
  const Digest twin = registry.add_image("b", "y", "2026-01-01T00:00:00Z", "amd64", 5);
  registry.add_image("b", "x", "2026-01-01T00:00:00Z", "amd64", 5);
  registry.add_index("b", "z", {{twin, "amd64"}});
  protocol::ListWork work;
  work.newest = 2;
  const Walked walked = Walker(registry).walk(work);
  check_complete(walked);
  // Times in b are equal: the names decide.
  CHECK(walked.outcomes() == std::multiset<std::string>{"a:mid image", "a:new image", "a:old filtered", "a:unknown filtered", "b:x image",
                                                        "b:y image", "b:z filtered"});
  for (const InventoryItem& item : walked.items()) {
    if (item.tag == "unknown") CHECK(item.reason.find("neither the registry nor") != std::string::npos);
    else CHECK(item.time_source == TimeSource::image_config);
    if (item.tag == "new") CHECK(item.pushed == "2026-03-01T00:00:00Z");
  }
}

TEST_CASE("walk: a window of time, with the registry's own push times, needs no request for what is outside") {
  FakeRegistry registry;
  registry.add_image("a", "in", "2020-01-01T00:00:00Z", "amd64", 1);
  registry.add_image("a", "out", "2026-02-02T00:00:00Z", "amd64", 2);
  registry.add_image("a", "config", "2026-02-02T00:00:00Z", "amd64", 3);
  Walker walker(registry);
  walker.options.enumerator = std::make_shared<TimedEnumerator>(std::vector<registry::TagEntry>{
      {"in", Digest(), "2026-02-01T00:00:00Z"}, {"out", Digest(), "2026-03-01T00:00:00Z"}, {"config", Digest(), "not a time"}});
  protocol::ListWork work;
  work.pushed_after = "2026-02-01T00:00:00Z";
  work.pushed_before = "2026-03-01T00:00:00Z";
  const Walked walked = walker.walk(work);
  check_complete(walked);
  CHECK(walked.outcomes() == std::multiset<std::string>{"a:config image", "a:in image", "a:out filtered"});
  for (const InventoryItem& item : walked.items())
    CHECK(item.time_source == (item.tag == "config" ? TimeSource::image_config : TimeSource::registry));
  CHECK(registry.count("/manifests/out") == 0);
  CHECK(registry.count("/blobs/") == 1);
}

TEST_CASE("walk: a config that cannot be read now makes the tag fail, it is not silently left out") {
  FakeRegistry registry;
  registry.add_image("a", "t", "2026-02-02T00:00:00Z");
  registry.override_answer = [](const ScriptedRequest& request) {
    return request.path().find("/blobs/") == std::string::npos ? FakeRegistry::Answer()
                                                               : FakeRegistry::Answer(ScriptedResponse{.status = 403});
  };
  protocol::ListWork work;
  work.newest = 1;
  const Walked walked = Walker(registry).walk(work);
  check_complete(walked);
  REQUIRE(walked.items().size() == 1);
  CHECK(walked.items()[0].outcome == ItemOutcome::failed);
  CHECK(walked.items()[0].code == "forbidden");
}

TEST_CASE("walk: platforms choose among an index's members, and images that stand alone by their config") {
  FakeRegistry registry;
  const Digest amd = registry.add_image("a", "amd", "2026-01-01T00:00:00Z", "amd64", 1);
  const Digest arm = registry.add_image("a", "arm", "2026-01-01T00:00:00Z", "arm64", 2);
  registry.add_index("a", "both", {{amd, "amd64"}, {arm, "arm64"}});
  protocol::ListWork work;
  work.platforms = {"linux/arm64"};
  const Walked walked = Walker(registry).walk(work);
  check_complete(walked);
  CHECK(walked.outcomes() == std::multiset<std::string>{"a:amd filtered", "a:arm image", "a:both filtered", "a:both image"});
}

TEST_CASE("walk: configs are asked for when wanted, each once") {
  FakeRegistry registry;
  const Digest amd = registry.add_image("a", "one", "2026-01-01T00:00:00Z", "amd64", 1);
  registry.add_index("a", "two", {{amd, "amd64"}});
  Walker walker(registry);
  walker.options.ask_configs = true;
  walker.options.requests_in_flight = 1;
  const Walked walked = walker.walk();
  check_complete(walked);
  REQUIRE(walked.items().size() == 2);
  for (const InventoryItem& item : walked.items()) {
    CHECK(item.created == "2026-01-01T00:00:00Z");
    CHECK(item.platform == "linux/amd64");
    CHECK(item.time_source == TimeSource::image_config);
    CHECK(item.size_bytes == 1);
  }
  CHECK(registry.count("/blobs/") == 1);
}

TEST_CASE("walk: filters that make no sense are refused") {
  FakeRegistry registry;
  protocol::ListWork work;
  SECTION("time") { work.pushed_after = "yesterday"; }
  SECTION("newest") { work.newest = limits::newest_max + 1; }
  const Walked walked = Walker(registry).walk(work);
  REQUIRE_FALSE(walked.result);
  CHECK(walked.result.error().code() == ErrorCode::invalid_argument);
  CHECK(registry.requests().empty());
}
