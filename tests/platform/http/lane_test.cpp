// SPDX-License-Identifier: Apache-2.0
#include "platform/http/lane.hpp"

#include "storage/sqlite/sqlite_database.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using platform::Lane;
using platform::LaneOptions;
using storage::Access;
using storage::Transaction;

/// A lane on a fresh database with one table, and what came of each piece of work.
class LaneAtWork {
 public:
  explicit LaneAtWork(LaneOptions options, std::chrono::milliseconds statement_time_max = 0ms) {
    database_ = open(statement_time_max);
    Transaction made(*database_, Access::write);
    made.script("CREATE TABLE t(name TEXT PRIMARY KEY) STRICT");
    REQUIRE(made.commit());
    auto connect = [this, statement_time_max]() -> Result<std::unique_ptr<storage::Database>> { return open(statement_time_max); };
    lane.emplace(std::move(options), connect);
  }

  /// Starts with the next run().
  void begin(const std::string& name, Lane::Body body, Access access = Access::write) {
    asio::co_spawn(io_, note(name, access, std::move(body)), asio::detached);
  }
  void run() {
    io_.restart();
    io_.run();
  }
  /// The lane's thread is busy, with what was begun waiting behind it, until the returned is called.
  std::function<void()> hold() {
    const auto release = std::make_shared<std::promise<void>>();
    const auto held = std::make_shared<std::promise<void>>();
    begin("holder", [release, held](Transaction&) -> Result<void> {
      held->set_value();
      release->get_future().wait();
      return {};
    });
    io_.poll();
    held->get_future().wait();
    return [release] { release->set_value(); };
  }
  void start_waiting() {
    io_.restart();
    io_.poll();
  }
  std::int64_t rows() {
    Transaction read(*database_, Access::read);
    return read.number("SELECT count(*) FROM t");
  }

  std::optional<Lane> lane;
  std::map<std::string, Result<void>> results;

 private:
  std::unique_ptr<storage::Database> open(std::chrono::milliseconds statement_time_max) {
    return storage::SqliteDatabase::open(folder_.path() / "test.db", {.statement_time_max = statement_time_max}).value();
  }
  asio::awaitable<void> note(std::string name, Access access, Lane::Body body) {
    auto result = co_await lane->run(access, std::move(body));
    results.emplace(name, result);
  }

  TemporaryDirectory folder_;
  std::unique_ptr<storage::Database> database_;
  asio::io_context io_;
};

Lane::Body insert(std::string name) {
  return [name = std::move(name)](Transaction& transaction) -> Result<void> {
    transaction.run("INSERT INTO t(name) VALUES(?)", {name});
    return {};
  };
}

/// Longer than any statement of these tests may take.
Result<void> never_ends(Transaction& transaction) {
  transaction.run("INSERT INTO t(name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT 'x' FROM n WHERE i<0");
  return {};
}

const LaneOptions kTogether{.name = "test", .commit_together = 64};

}  // namespace

TEST_CASE("lane: requests that come together share a commit, and one that fails costs the others nothing") {
  LaneAtWork work(kTogether);
  const auto release = work.hold();
  for (int i = 0; i < 20; ++i) work.begin("good " + std::to_string(i), insert(std::to_string(i)));
  work.begin("refused", [](Transaction& transaction) -> Result<void> {
    transaction.run("INSERT INTO t(name) VALUES('refused')");
    return Error(ErrorCode::conflict, "no");
  });
  work.begin("twice", insert("0"));
  work.begin("bug", [](Transaction&) -> Result<void> { throw std::runtime_error("a bug"); });
  work.begin("last", insert("last"));
  work.start_waiting();
  release();
  work.run();
  CHECK(work.rows() == 21);
  CHECK(work.results.at("good 0"));
  CHECK(work.results.at("last"));
  CHECK(work.results.at("refused").error().message() == "no");
  CHECK(work.results.at("twice").error().code() == ErrorCode::conflict);
  CHECK(work.results.at("bug").error().code() == ErrorCode::internal);
  // The holder's; on a slow machine the others may need more than one.
  CHECK(work.lane->figures().commits < 20);
  CHECK(work.lane->figures().done == 25);
}

TEST_CASE("lane: a statement that is ended at its deadline takes nobody else's work with it") {
  LaneAtWork work(kTogether, 200ms);
  const auto release = work.hold();
  work.begin("before", insert("before"));
  work.begin("endless", never_ends);
  work.begin("after", insert("after"));
  work.start_waiting();
  release();
  work.run();
  CHECK(work.results.at("before"));
  CHECK(work.results.at("after"));
  CHECK(work.results.at("endless").error().code() == ErrorCode::timeout);
  CHECK(work.rows() == 2);
}

TEST_CASE("lane: who finds the queue full is refused at once, who waited for too long is not begun") {
  std::atomic<std::chrono::seconds> time = 0s;
  const auto now = [&] { return std::chrono::steady_clock::time_point(time.load()); };
  LaneAtWork work({.name = "test", .waiting_max = 2, .wait_max = 1s, .now = now});
  const auto release = work.hold();
  for (const char* name : {"a", "b", "c"}) work.begin(name, insert(name));
  work.start_waiting();
  REQUIRE(work.results.count("c") == 1);
  CHECK(work.results.at("c").error().code() == ErrorCode::unavailable);
  CHECK(work.results.count("a") == 0);
  time = 2s;
  release();
  work.run();
  CHECK(work.results.at("a").error().code() == ErrorCode::unavailable);
  CHECK(work.rows() == 0);
}

TEST_CASE("lane: a commit that fails fails all who share it, and what was lost is not said to be there") {
  LaneAtWork work(kTogether);
  const auto release = work.hold();
  // A deferred constraint is checked at the commit.
  work.begin("schema", [](Transaction& transaction) -> Result<void> {
    transaction.script("CREATE TABLE child(name TEXT REFERENCES t(name) DEFERRABLE INITIALLY DEFERRED) STRICT");
    return {};
  });
  work.begin("broken", [](Transaction& transaction) -> Result<void> {
    transaction.run("INSERT INTO child(name) VALUES('none')");
    return {};
  });
  work.begin("good", insert("good"));
  work.start_waiting();
  release();
  work.run();
  CHECK(work.results.at("broken").error().code() == ErrorCode::io);
  CHECK(work.results.at("good"));
  CHECK(work.rows() == 1);
}

TEST_CASE("lane: what others did at the same time is seen when it is tried again") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto connect = engine.fresh();
    const auto other = connect();
    {
      Transaction made(*other, Access::write);
      made.script("CREATE TABLE t(name TEXT PRIMARY KEY)");
      REQUIRE(made.commit());
    }
    Lane lane({.name = "test", .threads = 2}, [&]() -> Result<std::unique_ptr<storage::Database>> { return connect(); });
    int tries = 0;
    Result<void> result = Error(ErrorCode::internal, "not run");
    asio::io_context io;
    const auto check_then_insert = [&](Transaction& transaction) -> Result<void> {
      ++tries;
      if (transaction.number("SELECT count(*) FROM t WHERE name='a'") != 0) return Error(ErrorCode::conflict, "there is an a");
      if (tries == 1) {
        transaction.run("INSERT INTO t(name) VALUES('a')");  // as another would
        transaction.run("INSERT INTO t(name) VALUES('a')");
      }
      return {};
    };
    auto ask = [&]() -> asio::awaitable<void> { result = co_await lane.run(Access::write, check_then_insert); };
    asio::co_spawn(io, ask(), asio::detached);
    io.run();
    CHECK(tries == 2);
    CHECK(result.has_value());
    CHECK(lane.figures().repeated == 1);
  }
}

TEST_CASE("lane: what waits when it ends is dropped, with who waits for it") {
  const auto seen = std::make_shared<int>(0);
  {
    LaneAtWork work({.name = "test"});
    const auto release = work.hold();
    work.begin("waits", [seen](Transaction&) -> Result<void> {
      ++*seen;
      return {};
    });
    work.start_waiting();
    release();
    work.lane.reset();
  }
  CHECK(seen.use_count() == 1);
}

}  // namespace landwaiter::test
