// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/sqlite_database.hpp"

#include "storage/database/migrations.hpp"
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

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

Result<std::unique_ptr<Database>> try_open(const std::filesystem::path& file, const SqliteOptions& options = {}) {
  auto database = SqliteDatabase::open(file, options);
  if (!database) return database.error();
  auto migrated = migrate(**database, kFirst);
  if (!migrated) return migrated.error();
  return std::unique_ptr<Database>(*std::move(database));
}

std::unique_ptr<Database> open(const std::filesystem::path& file) {
  auto database = try_open(file);
  INFO((database ? std::string() : database.error().message()));
  REQUIRE(database.has_value());
  return *std::move(database);
}

}  // namespace

TEST_CASE("sqlite: a file from before schemas were noted is refused, with what to do about it") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "a.db";
  {
    const auto before = SqliteDatabase::open(file).value();
    Transaction write(*before, Kind::write);
    write.script("PRAGMA user_version=3");
    REQUIRE(write.commit().has_value());
  }
  const auto refused = SqliteDatabase::open(file);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message().find("delete it together with " + file.string() + "-wal") != std::string::npos);
}

TEST_CASE("sqlite: a statement ends at its deadline") {
  const TemporaryDirectory folder;
  const auto database = SqliteDatabase::open(folder.path() / "a.db", {.statement_time_max = std::chrono::milliseconds(50)}).value();
  Transaction read(*database, Kind::read);
  read.number("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n");
  CHECK(read.failure() == Failure::deadline);
  CHECK(read.commit().error().code() == ErrorCode::timeout);
  Transaction again(*database, Kind::read);
  CHECK(again.number("SELECT 5") == 5);
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

TEST_CASE("sqlite: not a database, a folder, or a folder that cannot be written: io with the file's name") {
  const TemporaryDirectory folder;
  const auto check_io = [](const std::filesystem::path& file) {
    const auto opened = try_open(file);
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
  auto second = SqliteDatabase::open(file, {.busy_timeout = std::chrono::milliseconds(20)}).value();
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
    auto database = try_open(file);  // both also race to make the schema
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
  CHECK_FALSE(try_open(folder.path() / "link.db").has_value());
}

}  // namespace landwaiter::storage
