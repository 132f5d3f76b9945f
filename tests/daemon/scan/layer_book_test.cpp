// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/layer_book.hpp"

#include "tests/daemon/support/run_awaitable.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

Digest digest(char c) { return *Digest::parse("sha256:" + std::string(64, c)); }

LayerReport report_of(const Digest& layer) {
  LayerReport report;
  report.layer = layer;
  report.detector_state = digest('f');
  return report;
}

struct Fixture {
  explicit Fixture(bool incremental = true)
      : store(*storage::Store::open_in_memory()), claims(io.get_executor(), store, digest('f'), clock, incremental) {}

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
  CHECK(answer->claimed == std::vector<Digest>{digest('a'), digest('b')});

  answer = run_awaitable(fixture.io, second->claim({digest('b'), digest('c')}));
  CHECK(answer->claimed == std::vector<Digest>{digest('c')});
  CHECK(answer->busy == std::vector<Digest>{digest('b')});

  auto wait_then_deliver = [&]() -> asio::awaitable<Result<protocol::LayerClaimAnswer>> {
    TaskGroup group(fixture.io.get_executor());
    auto deliver = [&]() -> asio::awaitable<void> {
      auto delivering = first->deliver(report_of(digest('b')));
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
  CHECK(run_awaitable(fixture.io, second->claim({digest('a')}))->claimed == std::vector<Digest>{digest('a')});
}

TEST_CASE("a full scan ignores earlier reports but not those of its own run") {
  Fixture fixture(false);
  auto put = [](storage::Store& store) { return store.put_layer_report(report_of(digest('a')), SystemTime()); };
  REQUIRE(run_awaitable(fixture.io, fixture.store.run(put)));
  const auto book = LocalClaims::open_book(fixture.claims);
  CHECK(run_awaitable(fixture.io, book->claim({digest('a')}))->claimed == std::vector<Digest>{digest('a')});
  REQUIRE(run_awaitable(fixture.io, book->deliver(report_of(digest('a')))));
  CHECK(run_awaitable(fixture.io, book->claim({digest('a')}))->known == std::vector<Digest>{digest('a')});
}
