// SPDX-License-Identifier: Apache-2.0
// What every engine promises, on each of them.
#include "storage/database/database.hpp"

#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <climits>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;
using test::test_engines;

std::unique_ptr<Database> with_schema(const test::TestEngine& engine, std::string_view schema) {
  auto database = engine.fresh_database();
  Transaction write(*database, Kind::write);
  write.script(schema);
  const auto committed = write.commit();
  INFO(engine.name << ": " << (committed ? "" : committed.error().message()));
  REQUIRE(committed.has_value());
  return database;
}

constexpr std::string_view kNames = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)";

}  // namespace

TEST_CASE("database: a transaction's first failure sticks, and nothing of it stays") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    {
      Transaction write(*database, Kind::write);
      write.run("INSERT INTO t(name) VALUES('a')");
      CHECK(write.run("INSERT INTO t(name) VALUES('a')") == 0);
      CHECK(write.failed());
      CHECK(write.failure() == Failure::uniqueness);
      CHECK(write.run("INSERT INTO t(name) VALUES('b')") == 0);
      CHECK(write.number("SELECT 5") == 0);
      const auto committed = write.commit();
      REQUIRE_FALSE(committed.has_value());
      CHECK(committed.error().code() == ErrorCode::io);
    }
    {
      Transaction write(*database, Kind::write);
      write.run("INSERT INTO t(name) VALUES('b')");
      CHECK(write.fail(Error(ErrorCode::conflict, "no")).code() == ErrorCode::conflict);
      CHECK(write.commit().error().code() == ErrorCode::conflict);
    }
    { Transaction(*database, Kind::write).run("INSERT INTO t(name) VALUES('left')"); }
    Transaction read(*database, Kind::read);
    CHECK(read.number("SELECT count(*) FROM t") == 0);
    CHECK(read.commit().has_value());
    CHECK(read.commit().error().code() == ErrorCode::internal);
  }
}

TEST_CASE("database: a part that fails takes nothing else of its transaction with it") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    const auto add = [](Transaction& to, const char* name) { to.run("INSERT INTO t(name) VALUES(?)", {name}); };
    Transaction whole(*database, Kind::light_write);
    {
      Transaction part(whole);
      add(part, "kept");
      CHECK(part.commit().has_value());
    }
    {
      Transaction part(whole);
      add(part, "lost");
      add(part, "kept");
      CHECK(part.commit().error().code() == ErrorCode::io);
      CHECK(part.failure() == Failure::uniqueness);
    }
    { add(*std::make_unique<Transaction>(whole), "left"); }
    {
      Transaction part(whole);
      {
        Transaction inner(part);
        add(inner, "inner");
        CHECK(inner.commit().has_value());
      }
      add(part, "kept too");
      CHECK(part.commit().has_value());
    }
    CHECK(whole.commit().has_value());
    Transaction read(*database, Kind::read);
    CHECK(read.number("SELECT count(*) FROM t") == 3);
    CHECK(read.number("SELECT count(*) FROM t WHERE name IN ('kept','inner','kept too')") == 3);
  }
}

TEST_CASE("database: a whole that has failed has no parts") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    Transaction whole(*database, Kind::write);
    (void)whole.fail(Error(ErrorCode::conflict, "no"));
    Transaction part(whole);
    CHECK(part.run("INSERT INTO t(name) VALUES('a')") == 0);
    CHECK(part.commit().error().code() == ErrorCode::conflict);
  }
}

TEST_CASE("database: values go in and out unchanged, SQL in them included") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, "CREATE TABLE v(n INTEGER, i INTEGER, t TEXT, b BLOB)");
    const std::string nasty = "'); DROP TABLE v; -- ? \\ \xc3\xa9";
    Bytes all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<std::uint8_t>(i));
    Transaction write(*database, Kind::write);
    CHECK(write.run("INSERT INTO v VALUES(1,?,?,?)", {INT64_MIN, nasty, all_bytes}) == 1);
    CHECK(write.run("INSERT INTO v VALUES(2,?,?,?)", {nullptr, std::optional<std::string>(), Bytes()}) == 1);
    CHECK(write.run("INSERT INTO v VALUES(3,?2,?1,NULL)", {"first", 7}) == 1);
    Rows rows = write.query("SELECT i,t,b FROM v ORDER BY n");
    REQUIRE(rows.next());
    CHECK(rows.integer(0) == INT64_MIN);
    CHECK(rows.text(1) == nasty);
    CHECK(Bytes(rows.bytes(2).begin(), rows.bytes(2).end()) == all_bytes);
    REQUIRE(rows.next());
    CHECK(rows.is_null(0));
    CHECK(rows.integer(0) == 0);
    CHECK(rows.is_null(1));
    CHECK(rows.text(1).empty());
    CHECK_FALSE(rows.is_null(2));
    REQUIRE(rows.next());
    CHECK(rows.integer(0) == 7);
    CHECK(rows.text(1) == "first");
    CHECK_FALSE(rows.next());
    CHECK_FALSE(rows.next());
  }
}

TEST_CASE("database: numbers of any kind of column read the same") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, "CREATE TABLE v(i INTEGER)");
    Transaction write(*database, Kind::write);
    for (int i : {1, 2, 3}) write.run("INSERT INTO v VALUES(?)", {i});
    CHECK(write.number("SELECT sum(i) FROM v") == 6);
    CHECK(write.number("SELECT EXISTS(SELECT 1 FROM v)") == 1);
    CHECK(write.number("SELECT i IS NULL FROM v LIMIT 1") == 0);
    CHECK(write.number("SELECT i FROM v WHERE i>9") == 0);
  }
}

TEST_CASE("database: a text with a NUL is refused, on each engine and before it gets there") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    const std::string with_nul("a\0b", 3);
    for (const bool many : {false, true}) {
      Transaction write(*database, Kind::write);
      if (many) write.run_each("INSERT INTO t(name) VALUES(?)", std::vector<std::vector<Value>>{{"fine"}, {with_nul}});
      else write.run("INSERT INTO t(name) VALUES(?)", {with_nul});
      CHECK(write.commit().error().code() == ErrorCode::invalid_argument);
    }
    Transaction read(*database, Kind::read);
    CHECK(read.number("SELECT count(*) FROM t") == 0);
  }
}

TEST_CASE("database: many rows at once, and the first that fails counts") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    std::vector<std::string> names;
    for (int i = 0; i < 1'234; ++i) names.push_back("name " + std::to_string(i));
    std::vector<std::vector<Value>> rows;
    for (const std::string& name : names) rows.push_back({name});
    {
      Transaction write(*database, Kind::write);
      CHECK(write.run_each("INSERT INTO t(name) VALUES(?)", rows) == 1'234);
      CHECK(write.run_each("INSERT INTO t(name) VALUES(?) ON CONFLICT DO NOTHING", rows) == 0);
      CHECK(write.run_each("DELETE FROM t WHERE name=?", std::span(rows).first(34)) == 34);
      REQUIRE(write.commit().has_value());
    }
    {
      Transaction write(*database, Kind::write);
      CHECK(write.run_each("INSERT INTO t(name) VALUES(?)", rows) == 0);
      CHECK(write.failure() == Failure::uniqueness);
      CHECK_FALSE(write.commit().has_value());
    }
    Transaction write(*database, Kind::write);
    CHECK(write.number("SELECT count(*) FROM t") == 1'200);
    CHECK(write.run("UPDATE t SET name=name||?", {"!"}) == 1'200);
  }
}

TEST_CASE("database: the same query can be open twice at once") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    Transaction write(*database, Kind::write);
    for (const char* name : {"a", "b", "c"}) write.run("INSERT INTO t(name) VALUES(?)", {name});
    int pairs = 0;
    Rows outer = write.query("SELECT name FROM t");
    while (outer.next()) {
      Rows inner = write.query("SELECT name FROM t");
      while (inner.next()) ++pairs;
    }
    CHECK(pairs == 9);
    CHECK(write.commit().has_value());
  }
}

TEST_CASE("database: a read sees one moment, whatever is written beside it") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto connect = engine.fresh();
    const auto first = connect();
    {
      Transaction write(*first, Kind::write);
      write.script(kNames);
      REQUIRE(write.commit().has_value());
    }
    const auto second = connect();
    Transaction read(*second, Kind::read);
    CHECK(read.number("SELECT count(*) FROM t") == 0);
    {
      Transaction write(*first, Kind::write);
      write.run("INSERT INTO t(name) VALUES('new')");
      REQUIRE(write.commit().has_value());
    }
    CHECK(read.number("SELECT count(*) FROM t") == 0);
    CHECK(read.commit().has_value());
    Transaction later(*second, Kind::read);
    CHECK(later.number("SELECT count(*) FROM t") == 1);
  }
}

TEST_CASE("database: texts order by their bytes") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = with_schema(engine, kNames);
    Transaction write(*database, Kind::write);
    for (const char* name : {"b", "B", "a", "\xc3\xa4", "_"}) write.run("INSERT INTO t(name) VALUES(?)", {name});
    std::string order;
    Rows rows = write.query("SELECT name FROM t ORDER BY name");
    while (rows.next()) order += rows.text(0);
    CHECK(order == "B_ab\xc3\xa4");
    CHECK(write.number("SELECT count(*) FROM t WHERE name>'a'") == 2);
  }
}

}  // namespace landwaiter::storage
