// SPDX-License-Identifier: Apache-2.0
#include "storage/database/copy.hpp"

#include "storage/database/migrations.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <array>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;
using test::test_engines;

// Like a schema that puts something there itself.
constexpr std::array<std::string_view, 2> kSteps{
    "CREATE TABLE a_child(parent INTEGER NOT NULL REFERENCES parent(id), name TEXT NOT NULL, size INTEGER,"
    " PRIMARY KEY(name, parent)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE setting(name TEXT NOT NULL PRIMARY KEY, value BLOB) STRICT;"
    "INSERT INTO setting(name,value) VALUES('made here', NULL)",
    "ALTER TABLE setting ADD COLUMN note TEXT NOT NULL DEFAULT 'none'"};
// PostgreSQL wants a table before it is referred to.
constexpr std::array<std::string_view, 3> kAllSteps{"CREATE TABLE parent(id INTEGER PRIMARY KEY, name TEXT, body BLOB) STRICT", kSteps[0],
                                                    kSteps[1]};

constexpr int kParents = 300;

void fill(Database& database) {
  REQUIRE(migrate(database, kAllSteps).has_value());
  Transaction write(database, Kind::write);
  const Bytes body{0, 1, 255};
  for (int i = 1; i <= kParents; ++i) {
    write.run("INSERT INTO parent(id,name,body) VALUES(?,?,?)",
              {i * 3, i % 7 == 0 ? Value(nullptr) : Value("n\xc3\xa4me"), i % 5 == 0 ? Value(nullptr) : Value(body)});
    for (const char* name : {"", "B", "a", "\xc3\xa4"}) {
      write.run("INSERT INTO a_child(parent,name,size) VALUES(?,?,?)", {i * 3, name, i % 2 == 0 ? Value(nullptr) : Value(-i)});
    }
  }
  write.run("UPDATE setting SET value=?", {body});
  REQUIRE(write.commit().has_value());
}

std::vector<TableSum> sums(Database& database) {
  Transaction read(database, Kind::read);
  return table_sums(read).value();
}

}  // namespace

TEST_CASE("copy: from each engine to each, with keys, NULLs, bytes and equal sums") {
  for (const auto& source : test_engines()) {
    for (const auto& target : test_engines()) {
      INFO(source.name << " to " << target.name);
      const auto from = source.fresh_database();
      const auto to = target.fresh_database();
      fill(*from);
      std::int64_t told = 0;
      const auto copied = copy_database(*from, *to, kAllSteps, [&](const std::string& table, std::int64_t rows) {
        if (table == "a_child") told = rows;
      });
      INFO((copied ? "" : copied.error().message()));
      REQUIRE(copied.has_value());
      CHECK(told == 4 * kParents);
      CHECK(copied->size() == 3);
      CHECK(sums(*to) == *copied);
      CHECK(sums(*from) == *copied);
      CHECK(schema_version(*to).value() == 3);
      Transaction write(*to, Kind::write);
      CHECK(unfinished_copy(write).empty());
      CHECK(write.number("SELECT count(*) FROM parent WHERE name IS NULL") == kParents / 7);
      // The next number of its own is behind all that came.
      CHECK(write.number("INSERT INTO parent(name) VALUES('new') RETURNING id") == kParents * 3 + 1);
      CHECK(broken_references(write).empty());
    }
  }
}

TEST_CASE("copy: one that was interrupted goes on, from the same source only") {
  for (const auto& target : test_engines()) {
    INFO(target.name);
    const auto from = test_engines()[0].fresh_database();
    const auto connect = target.fresh();
    fill(*from);
    {
      const auto to = connect();
      struct Interrupted {};
      const auto interrupt = [](const std::string& table, std::int64_t) {
        if (table == "a_child") throw Interrupted();
      };
      CHECK_THROWS_AS(copy_database(*from, *to, kAllSteps, interrupt), Interrupted);
    }
    const auto to = connect();
    {
      Transaction read(*to, Kind::read);
      CHECK(unfinished_copy(read) == from->name());
      CHECK(read.number("SELECT count(*) FROM a_child") > 0);
      CHECK(read.number("SELECT count(*) FROM a_child") < 4 * kParents);
    }
    const auto other = test_engines()[0].fresh_database();
    fill(*other);
    const auto refused = copy_database(*other, *to, kAllSteps);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message().find("is half filled from " + from->name()) != std::string::npos);

    std::int64_t parents_again = 0;
    const auto copied = copy_database(*from, *to, kAllSteps, [&](const std::string& table, std::int64_t rows) {
      if (table == "parent") parents_again = rows;
    });
    REQUIRE(copied.has_value());
    CHECK(parents_again == 0);
    CHECK(sums(*to) == sums(*from));
  }
}

TEST_CASE("copy: a target that is in use is refused and stays as it is") {
  for (const auto& target : test_engines()) {
    INFO(target.name);
    const auto from = test_engines()[0].fresh_database();
    const auto to = target.fresh_database();
    fill(*from);
    fill(*to);
    const auto before = sums(*to);
    const auto refused = copy_database(*from, *to, kAllSteps);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == ErrorCode::conflict);
    CHECK(refused.error().message().find("is not empty") != std::string::npos);
    CHECK(sums(*to) == before);
  }
}

TEST_CASE("copy: rows that came otherwise are seen by their sums") {
  const auto from = test_engines()[0].fresh_database();
  fill(*from);
  const auto before = sums(*from);
  {
    Transaction write(*from, Kind::write);
    write.run("UPDATE a_child SET size=NULL WHERE parent=3 AND name='a'");
    write.run("DELETE FROM a_child WHERE parent=6 AND name='a'");
    write.run("INSERT INTO parent(id,name) VALUES(1,'one more')");
    REQUIRE(write.commit().has_value());
  }
  CHECK(difference(before, before).empty());
  CHECK(difference(sums(*from), before) == "a_child (1199 rows, not 1200), parent (301 rows, not 300)");
  {
    Transaction write(*from, Kind::write);
    write.run("INSERT INTO a_child(parent,name) VALUES(1,'a')");
    write.run("DELETE FROM parent WHERE id=3*299 AND NOT EXISTS(SELECT 1 FROM a_child WHERE parent=3*299)");
    REQUIRE(write.commit().has_value());
  }
  CHECK(difference(sums(*from), before) == "a_child (other rows), parent (301 rows, not 300)");
}

TEST_CASE("copy: references that lead nowhere are found") {
  const auto database = test_engines()[0].fresh_database();
  fill(*database);
  {
    Transaction write(*database, Kind::write);
    write.script("CREATE TABLE loose(id INTEGER PRIMARY KEY, parent INTEGER) STRICT");
    write.run("INSERT INTO loose(parent) VALUES(1),(NULL)");
    CHECK(broken_references(write).empty());
    write.script("DROP TABLE loose");
    write.script("PRAGMA defer_foreign_keys=ON");
    write.run("DELETE FROM parent WHERE id=3");
    CHECK(broken_references(write) == std::vector<std::string>{"4 rows of a_child lead to no row of parent"});
  }
}

}  // namespace landwaiter::storage
