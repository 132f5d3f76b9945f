// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/manifest_memory.hpp"
#include "tests/support/run_awaitable.hpp"

#include "core/base/limits.hpp"
#include "daemon/listing/registry_walk.hpp"
#include "registry/http/transport.hpp"
#include "tests/daemon/support/fake_registry.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;
using test::FakeRegistry;

namespace {

KnownManifest manifest(const std::string& name, std::size_t members = 0) {
  auto facts = std::make_shared<ManifestFacts>();
  facts->digest = facts->config = Digest::sha256_of(as_bytes(name));
  facts->kind = members > 0 ? ManifestFacts::Kind::index : ManifestFacts::Kind::image;
  for (std::size_t i = 0; i < members; ++i) facts->members.push_back({facts->digest, std::string(200, 'x'), "", false});
  return facts;
}

/// A store that lasts over several walks, as a state folder does over several runs.
struct Walks {
  FakeRegistry registry;
  const RealClock clock;
  StoreThread store{storage::Store::open_in_memory().value()};

  std::multiset<std::string> run(protocol::ListWork work = {}, bool ask_configs = false) {
    asio::io_context io;
    auto endpoint = registry::Endpoint::parse("http://" + registry.host());
    endpoint->kind = "docker-v2";
    auto client = std::make_shared<registry::Client>(registry::make_transport(io.get_executor(), {}), *endpoint, clock);
    std::multiset<std::string> seen;
    auto sink = [&](protocol::InventoryPage page) -> Awaitable<void> {
      for (const auto& item : page.items) {
        seen.insert(item.repository + ':' + item.tag + ' ' + item.digest.str() + ' ' + std::string(to_string(item.outcome)) + ' ' +
                    item.created + ' ' + item.platform + ' ' + item.media_type + ' ' + std::to_string(item.size_bytes) + ' ' + item.reason);
      }
      co_return Result<void>();
    };
    WalkOptions options;
    options.ask_configs = ask_configs;
    options.memory = std::make_shared<StoredManifests>(io.get_executor(), store, clock);
    RegistryWalk walk(io.get_executor(), client, std::move(work), sink, std::stop_token(), options);
    REQUIRE(run_awaitable(io, walk.run()));
    return seen;
  }
};

}  // namespace

TEST_CASE("memory: the recent ones are known, the oldest go when there are too many") {
  RecentManifests memory;
  memory.remember(manifest("first"));
  CHECK(memory.known(manifest("first")->digest));
  CHECK_FALSE(memory.known(manifest("other")->digest));
  const std::size_t enough = limits::manifests_cached_bytes_max / manifest("x", 1000)->bytes() + 2;
  for (std::size_t i = 0; i < enough; ++i) memory.remember(manifest(std::to_string(i), 1000));
  CHECK_FALSE(memory.known(manifest("first")->digest));
  CHECK_FALSE(memory.known(manifest("0")->digest));
  CHECK(memory.known(manifest(std::to_string(enough - 1))->digest));
}

TEST_CASE("memory: facts with a config replace those without, not the other way round") {
  RecentManifests memory;
  memory.remember(manifest("a"));
  auto full = std::make_shared<ManifestFacts>(*manifest("a"));
  full->config_read = true;
  memory.remember(full);
  CHECK(memory.known(full->digest)->config_read);
  memory.remember(manifest("a"));
  CHECK(memory.known(full->digest)->config_read);
}

TEST_CASE("memory: lookups at the same time share a query, and each gets its own answer") {
  const RealClock clock;
  StoreThread store(storage::Store::open_in_memory().value());
  asio::io_context io;
  {
    StoredManifests memory(io.get_executor(), store, clock);
    for (int i = 0; i < 50; i += 2) memory.remember(manifest(std::to_string(i)));
    memory.note_walked("host/a");
    auto saving = [&]() -> asio::awaitable<bool> {
      co_await memory.save();
      co_return true;
    };
    REQUIRE(run_awaitable(io, saving()));
  }
  StoredManifests memory(io.get_executor(), store, clock);
  std::vector<bool> found(50);
  auto look_all = [&]() -> asio::awaitable<bool> {
    TaskGroup group(io.get_executor());
    auto look = [&](int i) -> asio::awaitable<void> {
      const KnownManifest known = co_await memory.find(manifest(std::to_string(i))->digest);
      found[static_cast<std::size_t>(i)] = known && known->digest == manifest(std::to_string(i))->digest;
    };
    for (int i = 0; i < 50; ++i) group.spawn(look(i));
    co_await group.join();
    const bool a = co_await memory.walked("host/a");
    const bool b = co_await memory.walked("host/b");
    co_return a && !b;
  };
  CHECK(run_awaitable(io, look_all()));
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == (i % 2 == 0));
}

TEST_CASE("memory: an unchanged second walk transfers no manifest and no blob, and lists the same") {
  Walks walks;
  FakeRegistry& registry = walks.registry;
  const Digest amd = registry.add_image("a", "one", "2026-01-01T00:00:00Z", "amd64", 1);
  const Digest arm = registry.add_image("a", "", "2026-01-01T00:00:00Z", "arm64", 2);
  registry.add_index("a", "multi", {{amd, "amd64"}, {arm, "arm64"}});
  registry.add_image("b", "one", "2026-01-02T00:00:00Z");
  registry.add("b", "chart", FakeRegistry::image("sha256:" + std::string(64, '2'), 2, 3, "application/vnd.cncf.helm.config.v1+json"));
  protocol::ListWork work;
  work.newest = GENERATE(0u, 2u);
  const bool ask_configs = GENERATE(false, true);
  const auto first = walks.run(work, ask_configs);
  const std::size_t before = registry.requests().size();
  CHECK(registry.count("HEAD") == 0);
  CHECK(walks.run(work, ask_configs) == first);
  CHECK(registry.count("/blobs/", before) == 0);
  CHECK(registry.count("GET /v2/a/manifests", before) + registry.count("GET /v2/b/manifests", before) == 0);
  CHECK(registry.count("HEAD", before) >= 4);

  // What changed is fetched, and nothing else.
  const std::size_t again = registry.requests().size();
  registry.add_image("a", "one", "2026-02-01T00:00:00Z", "amd64", 9);
  CHECK(walks.run(work, ask_configs) != first);
  CHECK(registry.count("GET /v2/a/manifests/one", again) == 1);
  CHECK(registry.count("GET /v2/b/manifests", again) == 0);
}

TEST_CASE("memory: a registry whose HEAD tells no digest, or knows no HEAD, is fetched from") {
  Walks walks;
  walks.registry.add_image("a", "one", "");
  const auto first = walks.run();
  const int status = GENERATE(200, 405);
  walks.registry.override_answer = [status](const test::ScriptedRequest& request) {
    return request.method == "HEAD" ? FakeRegistry::Answer(test::ScriptedResponse{.status = status}) : FakeRegistry::Answer();
  };
  CHECK(walks.run() == first);
}

TEST_CASE("memory: a tag deleted since the last walk is gone") {
  Walks walks;
  walks.registry.add_image("a", "one", "");
  REQUIRE(walks.run().size() == 1);
  walks.registry.override_answer = [](const test::ScriptedRequest& request) {
    return request.path().find("/manifests/") == std::string::npos ? FakeRegistry::Answer()
                                                                   : FakeRegistry::Answer(test::ScriptedResponse{.status = 404});
  };
  CHECK(walks.run().begin()->find(" gone ") != std::string::npos);
}

TEST_CASE("memory: a digest that the list of tags tells and that is known needs no request at all") {
  class Telling final : public registry::Enumerator {
   public:
    explicit Telling(Digest digest) : digest_(std::move(digest)) {}
    std::string_view kind() const override { return "fake"; }
    bool knows_push_time() const override { return false; }
    Awaitable<registry::RepositoryPage> repositories(std::string) override {
      registry::RepositoryPage page;
      page.names = {"a"};
      co_return page;
    }
    Awaitable<registry::TagPage> tags(std::string, std::string) override {
      registry::TagPage page;
      page.entries = {{"one", digest_, ""}};
      co_return page;
    }

   private:
    Digest digest_;
  };
  FakeRegistry registry;
  const Digest digest = registry.add_image("a", "one", "");
  const RealClock clock;
  asio::io_context io;
  auto endpoint = registry::Endpoint::parse("http://" + registry.host());
  auto client = std::make_shared<registry::Client>(registry::make_transport(io.get_executor(), {}), *endpoint, clock);
  WalkOptions options;
  options.memory = std::make_shared<RecentManifests>();
  options.enumerator = std::make_shared<Telling>(digest);
  std::size_t images = 0;
  auto sink = [&](protocol::InventoryPage page) -> Awaitable<void> {
    for (const auto& item : page.items) images += item.outcome == protocol::ItemOutcome::image && item.digest == digest;
    co_return Result<void>();
  };
  for (std::size_t i = 1; i <= 2; ++i) {
    RegistryWalk walk(io.get_executor(), client, {}, sink, std::stop_token(), options);
    REQUIRE(run_awaitable(io, walk.run()));
    CHECK(images == i);
    CHECK(registry.requests().size() == 1);
  }
}
