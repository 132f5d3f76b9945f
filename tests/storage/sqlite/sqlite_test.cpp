// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/sqlite.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;
using test::TemporaryDirectory;

constexpr std::array<std::string_view, 1> kFirst{"CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"};
constexpr std::array<std::string_view, 2> kSecond{kFirst[0], "ALTER TABLE t ADD COLUMN size INTEGER NOT NULL DEFAULT 7"};

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

std::unique_ptr<Database> open(const std::filesystem::path& file, std::span<const std::string_view> migrations = kFirst) {
  auto database = Database::open(file, migrations);
  INFO((database ? std::string() : database.error().message()));
  REQUIRE(database.has_value());
  return *std::move(database);
}

}  // namespace

TEST_CASE("sqlite: migrations run once each, in order, and a newer file is refused") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  {
    auto database = open(file);
    Transaction write(*database, Kind::write);
    CHECK(write.run("INSERT INTO t(name) VALUES(?)", {"kept"}) == 1);
    REQUIRE(write.commit().has_value());
  }
  {
    auto database = open(file, kSecond);
    Transaction read(*database, Kind::read);
    CHECK(read.number("SELECT size FROM t WHERE name=?", {"kept"}) == 7);
  }
  open(file, kSecond);  // nothing is run twice
  const auto older = Database::open(file, kFirst);
  REQUIRE_FALSE(older.has_value());
  CHECK(older.error().message().find("newer version") != std::string::npos);
}

TEST_CASE("sqlite: a file from before the first version that can be read is refused, with what to do about it") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  open(file, kSecond);
  const std::array<std::string_view, 1> fresh{"CREATE TABLE u(name TEXT)"};
  const auto refused = Database::open(file, fresh, {.first_version = 2});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message().find("delete it together with " + file.string() + "-wal") != std::string::npos);

  const auto other = folder.path() / "b.db";
  REQUIRE(Database::open(other, fresh, {.first_version = 2}).has_value());
  REQUIRE(Database::open(other, fresh, {.first_version = 2}).has_value());  // nothing is run twice
  const std::array<std::string_view, 2> more{fresh[0], "ALTER TABLE u ADD COLUMN size INTEGER"};
  REQUIRE(Database::open(other, more, {.first_version = 2}).has_value());
  CHECK(Database::open(other, fresh, {.first_version = 2}).error().message().find("newer version") != std::string::npos);
}

TEST_CASE("sqlite: a migration that fails leaves the old schema and data") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  open(file);
  const std::array<std::string_view, 2> broken{kFirst[0], "ALTER TABLE t ADD COLUMN good TEXT; CREATE NONSENSE"};
  REQUIRE_FALSE(Database::open(file, broken).has_value());
  auto database = open(file);
  Transaction read(*database, Kind::read);
  CHECK(read.number("SELECT count(*) FROM pragma_table_info('t') WHERE name='good'") == 0);
}

TEST_CASE("sqlite: files are private whatever the umask") {
  const TemporaryDirectory folder;
  const auto old = ::umask(0);
  auto database = open(folder.path() / "sub" / "a.db");
  Transaction write(*database, Kind::write);
  write.run("INSERT INTO t(name) VALUES('x')");
  REQUIRE(write.commit().has_value());
  ::umask(old);
  CHECK(mode_of(folder.path() / "sub") == 0700);
  CHECK(mode_of(folder.path() / "sub" / "a.db") == 0600);
  CHECK(mode_of(folder.path() / "sub" / "a.db-wal") == 0600);
}

TEST_CASE("sqlite: a transaction's first failure sticks, and nothing of it stays") {
  auto database = Database::open_in_memory(kFirst).value();
  {
    Transaction write(*database, Kind::write);
    write.run("INSERT INTO t(name) VALUES('a')");
    CHECK(write.run("INSERT INTO t(name) VALUES('a')") == 0);  // breaks UNIQUE
    CHECK(write.failed());
    CHECK(write.run("INSERT INTO t(name) VALUES('b')") == 0);
    CHECK(write.number("SELECT 5") == 0);
    const auto committed = write.commit();
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().code() == ErrorCode::io);
    CHECK(committed.error().message().find("UNIQUE") != std::string::npos);
  }
  Transaction read(*database, Kind::read);
  CHECK(read.number("SELECT count(*) FROM t") == 0);
}

TEST_CASE("sqlite: values go in and out unchanged, SQL in them included") {
  const std::array<std::string_view, 1> schema{"CREATE TABLE v(i INTEGER, t TEXT, b BLOB) STRICT"};
  auto database = Database::open_in_memory(schema).value();
  const std::string nasty("'); DROP TABLE v; --\0\xc3\xa9", 24);
  Transaction write(*database, Kind::write);
  CHECK(write.run("INSERT INTO v VALUES(?,?,?)", {INT64_MIN, nasty, Bytes{0, 1, 255}}) == 1);
  CHECK(write.run("INSERT INTO v VALUES(?,?,?)", {nullptr, std::optional<std::string>(), Bytes()}) == 1);
  Rows rows = write.query("SELECT i,t,b FROM v ORDER BY rowid");
  REQUIRE(rows.next());
  CHECK(rows.integer(0) == INT64_MIN);
  CHECK(rows.text(1) == nasty);
  CHECK(Bytes(rows.bytes(2).begin(), rows.bytes(2).end()) == Bytes{0, 1, 255});
  REQUIRE(rows.next());
  CHECK(rows.is_null(0));
  CHECK(rows.is_null(1));
  CHECK_FALSE(rows.is_null(2));
  CHECK_FALSE(rows.next());
  CHECK_FALSE(rows.next());
}

TEST_CASE("sqlite: the same query can be open twice at once") {
  auto database = Database::open_in_memory(kFirst).value();
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

TEST_CASE("sqlite: not a database, a folder, or a folder that cannot be written: io with the file's name") {
  const TemporaryDirectory folder;
  const auto check_io = [](const std::filesystem::path& file) {
    const auto opened = Database::open(file, kFirst);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code() == ErrorCode::io);
    CHECK(opened.error().message().find(file.parent_path().string()) != std::string::npos);
  };
  SECTION("not a database") {
    std::ofstream(folder.path() / "a.db") << std::string(8192, 'x');
    check_io(folder.path() / "a.db");
  }
  SECTION("a damaged header page") {
    const auto file = folder.path() / "a.db";
    open(file);
    std::fstream damage(file, std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp(100);
    damage << std::string(4000, '\xff');
    damage.close();
    check_io(file);
  }
  SECTION("a folder") { check_io(folder.path()); }
  SECTION("a symbolic link, which could point anywhere") {
    std::filesystem::create_symlink(folder.path() / "elsewhere", folder.path() / "a.db");
    check_io(folder.path() / "a.db");
    CHECK_FALSE(std::filesystem::exists(folder.path() / "elsewhere"));
  }
  SECTION("no permission") {
    if (::geteuid() == 0) {
      check_io("/proc/landwaiter/a.db");  // root writes everywhere else
    } else {
      ::chmod(folder.path().c_str(), 0500);
      check_io(folder.path() / "a.db");
    }
  }
}

TEST_CASE("sqlite: a second writer waits, and says so when it waited too long") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  auto first = open(file);
  auto second = Database::open(file, kFirst, {.busy_timeout = std::chrono::milliseconds(20)}).value();
  Transaction holding(*first, Kind::write);
  holding.run("INSERT INTO t(name) VALUES('first')");
  {
    Transaction waiting(*second, Kind::write);
    REQUIRE(waiting.failed());
    CHECK(waiting.commit().error().message().find("locked") != std::string::npos);
    Transaction reading(*second, Kind::read);
    CHECK(reading.number("SELECT count(*) FROM t") == 0);  // readers are not held up
    CHECK(reading.commit().has_value());
  }
  REQUIRE(holding.commit().has_value());
  Transaction now(*second, Kind::write);
  CHECK(now.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("sqlite: two processes that write at once lose nothing") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  constexpr int kEach = 100;
  std::array<pid_t, 2> children{};
  for (std::size_t child = 0; child < children.size(); ++child) {
    children[child] = ::fork();
    REQUIRE(children[child] >= 0);
    if (children[child] != 0) continue;
    auto database = Database::open(file, kFirst);  // both also race to make the schema
    bool good = database.has_value();
    for (int i = 0; good && i < kEach; ++i) {
      Transaction write(**database, Kind::write);
      write.run("INSERT INTO t(name) VALUES(?)", {std::to_string(child) + "-" + std::to_string(i)});
      good = write.commit().has_value();
    }
    ::_exit(good ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  auto database = open(file);
  Transaction read(*database, Kind::read);
  CHECK(read.number("SELECT count(*) FROM t") == 2 * kEach);
}

TEST_CASE("sqlite: a second connection leaves the first one its lock, else other processes would delete the log in use") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  auto first = open(file);
  auto second = open(file);
  const pid_t child = ::fork();  // a process does not see its own locks
  REQUIRE(child >= 0);
  if (child == 0) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;  // the whole file, also SQLite's lock bytes far behind its end
    const bool asked = ::fcntl(descriptor, F_GETLK, &lock) == 0;
    ::_exit(asked && lock.l_type == F_RDLCK ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("sqlite: a file that is there gets its mode, and a link is not followed") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  open(file);
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  open(file);
  CHECK(mode_of(file) == 0600);
  std::filesystem::create_symlink(file, folder.path() / "link.db");
  CHECK_FALSE(Database::open(folder.path() / "link.db", kFirst).has_value());
}

}  // namespace landwaiter::storage
