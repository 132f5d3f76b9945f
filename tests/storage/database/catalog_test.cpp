// SPDX-License-Identifier: Apache-2.0
#include "storage/database/catalog.hpp"

#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;

constexpr std::string_view kTables =
    "CREATE TABLE zoo(id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB, UNIQUE(name)) STRICT;"
    "CREATE TABLE animal(zoo_id INTEGER NOT NULL REFERENCES zoo(id), kind TEXT NOT NULL, parent TEXT,"
    " PRIMARY KEY(kind, zoo_id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE \"select\"(kind TEXT NOT NULL, zoo INTEGER NOT NULL, n INTEGER NOT NULL PRIMARY KEY,"
    " FOREIGN KEY(kind, zoo) REFERENCES animal(kind, zoo_id)) STRICT;"
    "CREATE INDEX animal_zoo ON animal(zoo_id)";

std::vector<std::string> names_of(const TableShape& table) {
  std::vector<std::string> out;
  for (const Column& column : table.columns) out.push_back(column.name);
  return out;
}

}  // namespace

TEST_CASE("catalog: tables with columns, keys and references, those referred to first") {
  for (const auto& engine : test::test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    Transaction transaction(*database, Kind::write);
    CHECK_FALSE(has_table(transaction, "zoo"));
    transaction.script(kTables);
    CHECK(has_table(transaction, "zoo"));
    const auto tables = tables_of(transaction);
    REQUIRE(tables.has_value());
    REQUIRE(tables->size() == 3);
    const TableShape& zoo = (*tables)[0];
    const TableShape& animal = (*tables)[1];
    const TableShape& last = (*tables)[2];
    CHECK(zoo.name == "zoo");
    CHECK(names_of(zoo) == std::vector<std::string>{"id", "name", "photo"});
    CHECK(zoo.columns[0].type == ColumnType::integer);
    CHECK(zoo.columns[1].type == ColumnType::text);
    CHECK(zoo.columns[2].type == ColumnType::bytes);
    CHECK(zoo.key == std::vector<std::size_t>{0});
    CHECK(zoo.numbered == "id");
    CHECK(zoo.references.empty());
    CHECK(animal.name == "animal");
    CHECK(animal.key == std::vector<std::size_t>{1, 0});
    CHECK(animal.numbered.empty());
    REQUIRE(animal.references.size() == 1);
    CHECK(animal.references[0].table == "zoo");
    CHECK(animal.references[0].targets == std::vector<std::string>{"id"});
    CHECK(last.name == "select");
    REQUIRE(last.references.size() == 1);
    CHECK(last.references[0].columns == std::vector<std::string>{"kind", "zoo"});
    CHECK(last.references[0].targets == std::vector<std::string>{"kind", "zoo_id"});
  }
}

TEST_CASE("catalog: a unique constraint is a key, too") {
  for (const auto& engine : test::test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    Transaction transaction(*database, Kind::write);
    transaction.script("CREATE TABLE outage(until INTEGER NOT NULL, since INTEGER NOT NULL UNIQUE) STRICT");
    const auto tables = tables_of(transaction);
    REQUIRE(tables.has_value());
    CHECK(tables->at(0).key == std::vector<std::size_t>{1});
    CHECK(tables->at(0).numbered.empty());
  }
}

TEST_CASE("catalog: a table that cannot be dealt with is told") {
  for (const auto& engine : test::test_engines()) {
    INFO(engine.name);
    const auto database = engine.fresh_database();
    Transaction transaction(*database, Kind::write);
    transaction.script("CREATE TABLE keyless(name TEXT NOT NULL)");
    const auto tables = tables_of(transaction);
    REQUIRE_FALSE(tables.has_value());
    CHECK(tables.error().message() == "table keyless has no key");
    CHECK(transaction.failed());
  }
}

}  // namespace landwaiter::storage
