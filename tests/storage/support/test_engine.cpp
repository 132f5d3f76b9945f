// SPDX-License-Identifier: Apache-2.0
#include "tests/storage/support/test_engine.hpp"

#include "storage/postgres/postgres_database.hpp"
#include "storage/sqlite/sqlite_database.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/process.hpp"

#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace landwaiter::test {
namespace {

using storage::Database;

class PostgresServer {
 public:
  PostgresServer() : process_(command(folder_.path() / "server")) {
    // Its user must reach the socket.
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
    for (int i = 0; i < 600 * patience_factor(); ++i) {
      const std::string said = process_.output();
      if (const std::size_t end = said.find('\n'); end != std::string::npos) {
        address_ = said.substr(0, end);
        return;
      }
      if (!process_.running()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    throw std::runtime_error("no PostgreSQL: " + process_.errors());
  }
  ~PostgresServer() { process_.stop(); }

  const std::string& address() const { return address_; }

 private:
  static ProcessOptions command(const std::filesystem::path& folder) {
    ProcessOptions options;
    options.argv = {LANDWAITER_POSTGRES_FOR_TESTS, folder.string()};
    return options;
  }

  TemporaryDirectory folder_;
  Process process_;
  std::string address_;
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return *std::move(result);
}

std::unique_ptr<Database> open_at(const Secret& address) { return must(storage::open_postgres({.address = address})); }

std::function<std::unique_ptr<Database>()> fresh_sqlite() {
  const auto folder = std::make_shared<TemporaryDirectory>();
  return [folder]() -> std::unique_ptr<Database> { return must(storage::SqliteDatabase::open(folder->path() / "test.db")); };
}

std::function<std::unique_ptr<Database>()> fresh_postgres() {
  return [address = fresh_postgres_address()] { return open_at(address); };
}

}  // namespace

Secret fresh_postgres_address() {
  static const PostgresServer server;
  static int number = 0;
  const std::string schema = "test" + std::to_string(++number);
  const auto database = open_at(Secret(server.address()));
  storage::Transaction transaction(*database, storage::Transaction::Kind::write);
  transaction.script("CREATE SCHEMA " + schema);
  must(transaction.commit().has_value() ? Result<bool>(true) : Result<bool>(Error(ErrorCode::io, "no schema")));
  return Secret(server.address() + "&options=-csearch_path%3D" + schema);
}

const std::vector<TestEngine>& test_engines() {
  static const std::vector<TestEngine> engines{{"sqlite", fresh_sqlite}, {"postgres", fresh_postgres}};
  return engines;
}

const TestEngine& test_engine() {
  const char* const wanted = std::getenv("LANDWAITER_TEST_ENGINE");
  const std::string name = wanted == nullptr ? "sqlite" : wanted;
  for (const TestEngine& engine : test_engines()) {
    if (engine.name == name) return engine;
  }
  throw std::runtime_error("LANDWAITER_TEST_ENGINE names no engine");
}

}  // namespace landwaiter::test
