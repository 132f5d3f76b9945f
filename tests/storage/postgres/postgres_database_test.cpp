// SPDX-License-Identifier: Apache-2.0
#include "storage/postgres/postgres_database.hpp"

#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <thread>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;
using namespace std::chrono_literals;

std::unique_ptr<Database> open(PostgresOptions options) {
  auto database = open_postgres(options);
  INFO((database ? std::string() : database.error().message()));
  REQUIRE(database.has_value());
  return *std::move(database);
}

std::int64_t number(Database& database, std::string_view sql) {
  Transaction read(database, Kind::read);
  return read.number(sql);
}

void run(Database& database, std::string_view script) {
  Transaction write(database, Kind::write);
  write.script(script);
  REQUIRE(write.commit().has_value());
}

}  // namespace

TEST_CASE("postgres: what is no address is told without repeating it") {
  for (const char* address :
       {"", "host=x password=hunter2", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@h/d?nonsense=1", "postgresql://u:hunter2%@h/d"}) {
    const auto opened = open_postgres({.address = Secret(address)});
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code() == ErrorCode::configuration);
    CHECK(opened.error().message().find("hunter2") == std::string::npos);
  }
}

TEST_CASE("postgres: a server that is not there is unavailable, and named without the password") {
  const auto opened = open_postgres({.address = Secret("postgresql://u:hunter2@127.0.0.1:1/d")});
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code() == ErrorCode::unavailable);
  CHECK(opened.error().message().find("127.0.0.1") != std::string::npos);
  CHECK(opened.error().message().find("hunter2") == std::string::npos);
}

TEST_CASE("postgres: a connection that was lost is made again for the next transaction") {
  const Secret address = test::fresh_postgres_address();
  const auto database = open({.address = address});
  const auto other = open({.address = address});
  const std::string mine = std::to_string(number(*database, "SELECT pg_backend_pid()"));
  {
    Transaction write(*database, Kind::write);
    run(*other, "SELECT pg_terminate_backend(" + mine + ")");
    write.number("SELECT 1");
    CHECK(write.failure() == Failure::connection);
    CHECK(write.commit().error().code() == ErrorCode::unavailable);
  }
  CHECK(number(*database, "SELECT 7") == 7);
}

TEST_CASE("postgres: a statement ends at its deadline, and one that waits for a row sooner") {
  const Secret address = test::fresh_postgres_address();
  const auto database = open({.address = address, .statement_time_max = 300ms, .lock_time_max = 100ms});
  {
    Transaction read(*database, Kind::read);
    read.number("SELECT count(*) FROM generate_series(1,1000000000)");
    CHECK(read.failure() == Failure::deadline);
    CHECK(read.commit().error().code() == ErrorCode::timeout);
  }
  run(*database, "CREATE TABLE t(n INTEGER);INSERT INTO t VALUES(1)");
  const auto other = open({.address = address});
  Transaction holding(*other, Kind::write);
  holding.run("UPDATE t SET n=2");
  Transaction waiting(*database, Kind::write);
  waiting.run("UPDATE t SET n=3");
  CHECK(waiting.failure() == Failure::contention);
}

TEST_CASE("postgres: of two transactions that wait for each other one may be begun again") {
  const Secret address = test::fresh_postgres_address();
  const auto first = open({.address = address});
  const auto second = open({.address = address});
  run(*first, "CREATE TABLE t(id INTEGER, n INTEGER);INSERT INTO t VALUES(1,0),(2,0)");
  Transaction a(*first, Kind::write);
  a.run("UPDATE t SET n=1 WHERE id=1");
  Transaction b(*second, Kind::write);
  b.run("UPDATE t SET n=1 WHERE id=2");
  std::thread beside([&] { a.run("UPDATE t SET n=1 WHERE id=2"); });
  b.run("UPDATE t SET n=1 WHERE id=1");
  if (b.failed()) (void)b.commit();
  beside.join();
  CHECK(a.failed() != b.failed());
  CHECK((a.failed() ? a : b).failure() == Failure::contention);
}

TEST_CASE("postgres: it works where nothing can be prepared") {
  const auto database = open({.address = test::fresh_postgres_address(), .prepare_statements = false});
  run(*database, "CREATE TABLE t(n INTEGER, b BLOB)");
  Transaction write(*database, Kind::write);
  const Bytes bytes{0, 1, 2};
  const std::vector<std::vector<Value>> rows{{1, bytes}, {2, bytes}};
  CHECK(write.run_each("INSERT INTO t VALUES(?,?)", rows) == 2);
  CHECK(write.run("UPDATE t SET n=n+? WHERE n=?", {10, 1}) == 1);
  CHECK(write.number("SELECT sum(n) FROM t") == 13);
  REQUIRE(write.commit().has_value());
}

}  // namespace landwaiter::storage
