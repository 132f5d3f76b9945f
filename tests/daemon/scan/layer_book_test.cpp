// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/layer_book.hpp"
#include "tests/support/run_awaitable.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;

namespace {

Digest digest(char c) { return *Digest::parse("sha256:" + std::string(64, c)); }

const EngineState kEngine{digest('e'), {{Analysis::cryptography, digest('1')}, {Analysis::secrets, digest('2')}}};

ScannedLayer layer_of(const Digest& layer, const EngineState& engine = kEngine) {
  ScannedLayer scanned;
  scanned.facts.layer = layer;
  scanned.facts.walker = engine.walker;
  for (const AnalysisState& of : engine.states) {
    LayerReport& report = scanned.reports.emplace_back();
    report.layer = layer;
    report.of = of;
  }
  return scanned;
}

std::vector<Digest> layers(const std::vector<protocol::ClaimedLayer>& claimed) {
  std::vector<Digest> out;
  for (const protocol::ClaimedLayer& one : claimed) out.push_back(one.layer);
  return out;
}

struct Fixture {
  explicit Fixture(bool incremental = true)
      : store(*storage::Store::open_in_memory()), claims(io.get_executor(), store, kEngine, clock, incremental) {}

  asio::io_context io;
  RealClock clock;
  StoreThread store;
  LocalClaims claims;
};

}  // namespace

TEST_CASE("of two images with a common layer, one reads it and the other waits for its report") {
  Fixture fixture;
  const auto first = LocalClaims::open_book(fixture.claims);
  const auto second = LocalClaims::open_book(fixture.claims);

  auto answer = run_awaitable(fixture.io, first->claim({digest('a'), digest('b')}));
  CHECK(layers(answer->claimed) == std::vector<Digest>{digest('a'), digest('b')});

  answer = run_awaitable(fixture.io, second->claim({digest('b'), digest('c')}));
  CHECK(layers(answer->claimed) == std::vector<Digest>{digest('c')});
  CHECK(answer->busy == std::vector<Digest>{digest('b')});

  auto wait_then_deliver = [&]() -> asio::awaitable<Result<protocol::LayerClaimAnswer>> {
    TaskGroup group(fixture.io.get_executor());
    auto deliver = [&]() -> asio::awaitable<void> {
      auto delivering = first->deliver(layer_of(digest('b')));
      const auto delivered = co_await std::move(delivering);
      CHECK(delivered);
    };
    group.spawn(deliver());
    auto claiming = second->claim({digest('b')});
    auto got = co_await std::move(claiming);
    co_await group.join();
    co_return got;
  };
  answer = run_awaitable(fixture.io, wait_then_deliver());
  CHECK(answer->known == std::vector<Digest>{digest('b')});
}

TEST_CASE("a released layer can be claimed by another") {
  Fixture fixture;
  const auto first = LocalClaims::open_book(fixture.claims);
  const auto second = LocalClaims::open_book(fixture.claims);
  REQUIRE(run_awaitable(fixture.io, first->claim({digest('a')})));
  first->release({digest('a')});
  CHECK(layers(run_awaitable(fixture.io, second->claim({digest('a')}))->claimed) == std::vector<Digest>{digest('a')});
}

TEST_CASE("a full scan ignores earlier reports but not those of its own run") {
  Fixture fixture(false);
  auto put = [](storage::Store& store) { return store.put_layer(layer_of(digest('a')), SystemTime()); };
  REQUIRE(run_awaitable(fixture.io, fixture.store.run(put)));
  const auto book = LocalClaims::open_book(fixture.claims);
  CHECK(layers(run_awaitable(fixture.io, book->claim({digest('a')}))->claimed) == std::vector<Digest>{digest('a')});
  REQUIRE(run_awaitable(fixture.io, book->deliver(layer_of(digest('a')))));
  CHECK(run_awaitable(fixture.io, book->claim({digest('a')}))->known == std::vector<Digest>{digest('a')});
}

TEST_CASE("of a layer that is known in part, only the rest is claimed") {
  Fixture fixture;
  EngineState old_rules = kEngine;
  old_rules.states[1].state = digest('0');
  auto put = [old_rules](storage::Store& store) { return store.put_layer(layer_of(digest('a'), old_rules), SystemTime()); };
  REQUIRE(run_awaitable(fixture.io, fixture.store.run(put)));
  const auto book = LocalClaims::open_book(fixture.claims);
  const auto answer = run_awaitable(fixture.io, book->claim({digest('a'), digest('b')}));
  REQUIRE(answer->claimed.size() == 2);
  CHECK_FALSE(answer->claimed[0].read.facts);
  CHECK(answer->claimed[0].read.analyses == std::vector<Analysis>{Analysis::secrets});
  CHECK(answer->claimed[1].read == all_parts(kEngine));
}
