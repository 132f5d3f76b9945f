// SPDX-License-Identifier: Apache-2.0
#include "storage/database/migrations.hpp"

#include "storage/database/catalog.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <thread>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;
using test::test_engines;

constexpr std::array<std::string_view, 1> kFirst{"CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"};
constexpr std::array<std::string_view, 2> kSecond{kFirst[0], "ALTER TABLE t ADD COLUMN size INTEGER NOT NULL DEFAULT 7"};

}  // namespace

TEST_CASE("migrations: steps run once each, in order, with the data that is there") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    CHECK(schema_version(*database).value() == 0);
    REQUIRE(migrate(*database, kFirst).has_value());
    {
      Transaction write(*database, Kind::write);
      CHECK(write.run("INSERT INTO t(name) VALUES(?)", {"kept"}) == 1);
      REQUIRE(write.commit().has_value());
    }
    for (int i = 0; i < 2; ++i) REQUIRE(migrate(*database, kSecond).has_value());
    CHECK(schema_version(*database).value() == 2);
    Transaction read(*database, Kind::read);
    CHECK(read.number("SELECT size FROM t WHERE name=?", {"kept"}) == 7);
    CHECK(read.number("SELECT count(*) FROM schema_version WHERE program<>'' AND applied_at_us>0") == 2);
  }
}

TEST_CASE("migrations: a newer database and one of other steps are refused, and nothing is changed") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    REQUIRE(migrate(*database, kSecond).has_value());
    const auto newer = migrate(*database, kFirst);
    REQUIRE_FALSE(newer.has_value());
    CHECK(newer.error().message().find("made by a newer version of this program (schema 2") != std::string::npos);

    const std::array<std::string_view, 3> others{kFirst[0], "CREATE TABLE other(x TEXT)", "CREATE TABLE third(x TEXT)"};
    const auto other = migrate(*database, others);
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().message().find("step 2 of its schema") != std::string::npos);
    CHECK(schema_version(*database).value() == 2);
  }
}

TEST_CASE("migrations: a step that fails leaves the old schema and data") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    REQUIRE(migrate(*database, kFirst).has_value());
    const std::array<std::string_view, 2> broken{kFirst[0], "ALTER TABLE t ADD COLUMN good TEXT; CREATE NONSENSE"};
    const auto failed = migrate(*database, broken);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().message().find("step 2 of the schema") != std::string::npos);
    CHECK(schema_version(*database).value() == 1);
    REQUIRE(migrate(*database, std::array<std::string_view, 2>{kFirst[0], "ALTER TABLE t ADD COLUMN good TEXT"}).has_value());
  }
}

TEST_CASE("migrations: one that is interrupted leaves the schema and the data of two steps before") {
  constexpr std::array<std::string_view, 3> kThird{kSecond[0], kSecond[1],
                                                   "CREATE TABLE u(id INTEGER PRIMARY KEY, t_id INTEGER NOT NULL REFERENCES t(id)) STRICT;"
                                                   "INSERT INTO u(t_id) SELECT id FROM t WHERE size=7"};
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    REQUIRE(migrate(*database, kFirst).has_value());
    {
      Transaction write(*database, Kind::write);
      write.run("INSERT INTO t(name) VALUES('a'),('b')");
      REQUIRE(write.commit().has_value());
    }
    // The first of two steps succeeds, the second does not.
    const std::array<std::string_view, 3> broken{kThird[0], kThird[1], "INSERT INTO nowhere VALUES(1)"};
    REQUIRE_FALSE(migrate(*database, broken).has_value());
    CHECK(steps_run(*database, kThird).value() == 1);
    {
      Transaction read(*database, Kind::read);
      Rows rows = read.query("SELECT size FROM t");
      CHECK_FALSE(rows.next());
      CHECK(read.failed());
    }
    REQUIRE(migrate(*database, kThird).has_value());
    CHECK(steps_run(*database, kThird).value() == 3);
    Transaction read(*database, Kind::read);
    CHECK(read.number("SELECT count(*) FROM u JOIN t ON t.id=u.t_id WHERE t.name IN ('a','b')") == 2);
  }
}

TEST_CASE("migrations: to ask for the schema makes nothing") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    CHECK(schema_version(*database).value() == 0);
    CHECK(steps_run(*database, kSecond).value() == 0);
    Transaction read(*database, Kind::read);
    CHECK_FALSE(has_table(read, "schema_version"));
  }
}

TEST_CASE("migrations: several at once run each step once") {
  for (const auto& engine : test_engines()) {
    INFO(engine.name);
    const auto connect = engine.fresh();
    std::array<std::unique_ptr<Database>, 4> databases;
    for (auto& database : databases) database = connect();
    std::array<std::string, 4> failures;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < databases.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto migrated = migrate(*databases[i], kSecond);
        if (!migrated) failures[i] = migrated.error().message();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& failure : failures) CHECK(failure == "");
    CHECK(schema_version(*databases[0]).value() == 2);
  }
}

TEST_CASE("migrations: a script in PostgreSQL's words") {
  CHECK(in_postgres_words(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, b BLOB, t TEXT CHECK(t IN ('TEXT','BLOB'))) STRICT, WITHOUT ROWID") ==
        "CREATE TABLE t(id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n BIGINT, b BYTEA, t TEXT COLLATE \"C\" CHECK(t IN "
        "('TEXT','BLOB'))) ");
  CHECK(in_postgres_words("CONTEXT BLOBS aTEXT INTEGER_ TEXT") == "CONTEXT BLOBS aTEXT INTEGER_ TEXT COLLATE \"C\"");
}

}  // namespace landwaiter::storage
