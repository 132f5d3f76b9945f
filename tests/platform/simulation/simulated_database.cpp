// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/simulated_database.hpp"

#include "platform/store/schema.hpp"
#include "storage/database/migrations.hpp"
#include "storage/sqlite/sqlite_database.hpp"
#include "tests/platform/simulation/steps.hpp"
#include "tests/storage/support/test_engine.hpp"

#include <sodium.h>

#include <stdexcept>

namespace landwaiter::simulation {
namespace {

using storage::Transaction;

thread_local Random chance(0);

std::uint32_t random_number() { return static_cast<std::uint32_t>(chance.next()); }

void random_buffer(void* const begin, const std::size_t size) {
  auto* const bytes = static_cast<unsigned char*>(begin);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(chance.next());
}

const char* random_name() { return "simulation"; }

randombytes_implementation predictable{random_name, random_number, nullptr, nullptr, random_buffer, nullptr};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return *std::move(result);
}

std::vector<std::string> tables_of(storage::Database& database) {
  Transaction transaction(database, Transaction::Kind::read);
  const bool postgres = transaction.dialect() == storage::Dialect::postgres;
  std::vector<std::string> names;
  auto rows = transaction.query(postgres ? "SELECT tablename FROM pg_tables WHERE schemaname=current_schema()"
                                         : "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  while (rows.next()) {
    if (rows.text(0) != "schema_version") names.push_back(rows.text(0));
  }
  return names;
}

}  // namespace

void make_chance_predictable(std::uint64_t seed) {
  static const bool done = randombytes_set_implementation(&predictable) == 0;
  if (!done) throw std::runtime_error("libsodium takes no source of random numbers");
  chance = Random(seed);
}

SimulatedDatabase::SimulatedDatabase(const std::string& engine) {
  if (engine == "sqlite") {
    // In memory, as no process dies for real; so there can be one connection only, and none of them would see a difference.
    connect_ = []() -> std::unique_ptr<storage::Database> { return must(storage::SqliteDatabase::open_in_memory()); };
    one_connection_ = true;
  }
  for (const test::TestEngine& known : test::test_engines()) {
    if (!connect_ && known.name == engine) connect_ = known.fresh();
  }
  if (!connect_) throw std::runtime_error("there is no engine " + engine);
  const auto migrated = storage::migrate(connection(0), platform::schema_steps());
  if (!migrated) throw std::runtime_error(migrated.error().message());
  tables_ = tables_of(connection(0));
  vault_.emplace(must(platform::Vault::open(folder_.path() / "master.key")));
}

storage::Database& SimulatedDatabase::connection(std::size_t process) {
  if (one_connection_) process = 0;
  while (connections_.size() <= process) connections_.push_back(connect_());
  return *connections_[process];
}

std::int64_t SimulatedDatabase::changes() {
  if (!one_connection_) return ++changes_;
  Transaction transaction(connection(0), Transaction::Kind::read);
  return transaction.number("SELECT total_changes()");
}

void SimulatedDatabase::clear() {
  Transaction transaction(connection(0), Transaction::Kind::write);
  if (transaction.dialect() == storage::Dialect::postgres) {
    std::string all;
    for (const std::string& table : tables_) all += (all.empty() ? "" : ",") + table;
    transaction.script("TRUNCATE " + all + " RESTART IDENTITY");
  } else {
    transaction.script("PRAGMA defer_foreign_keys=ON");
    for (const std::string& table : tables_) transaction.run("DELETE FROM " + table);
  }
  const auto committed = transaction.commit();
  if (!committed) throw std::runtime_error(committed.error().message());
}

}  // namespace landwaiter::simulation
