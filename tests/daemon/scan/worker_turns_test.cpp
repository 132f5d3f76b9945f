// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/worker_turns.hpp"

#include "tests/support/catch.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

/// Two workers, and the origins in the order in which they got one.
struct Turns {
  void ask(const std::string& origin) {
    asio::co_spawn(io, note(origin), asio::detached);
    settle();
  }
  void settle() {
    io.restart();
    io.poll();
  }
  /// The worker that the `index`-th turn got is free again.
  void end(std::size_t index) {
    turns.give_back(got[index].second, got[index].first);
    settle();
  }
  asio::awaitable<void> note(std::string origin) {
    auto worker = co_await turns.take(origin);
    if (worker) got.emplace_back(origin, *worker);
  }
  std::string order() const {
    std::string out;
    for (const auto& turn : got) out += turn.first;
    return out;
  }

  asio::io_context io;
  WorkerTurns turns{io.get_executor(), 2};
  std::vector<std::pair<std::string, std::size_t>> got;
};

}  // namespace

TEST_CASE("a registry with many layers leaves a worker to another one that waits") {
  Turns turns;
  for (int i = 0; i < 5; ++i) turns.ask("a");
  turns.ask("b");
  turns.ask("b");
  CHECK(turns.order() == "aa");
  turns.end(0);
  CHECK(turns.order() == "aab");
  // The other worker of a never ends: from now on b keeps its own.
  turns.end(2);
  CHECK(turns.order() == "aabb");
  turns.end(3);
  CHECK(turns.order() == "aabba");
  CHECK(turns.got[1].second != turns.got[4].second);
}

TEST_CASE("one registry alone gets all workers, in the order of its requests") {
  Turns turns;
  for (int i = 0; i < 4; ++i) turns.ask("a");
  CHECK(turns.order() == "aa");
  turns.end(1);
  turns.end(0);
  CHECK(turns.order() == "aaaa");
}
