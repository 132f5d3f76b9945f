// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/vault.hpp"
#include "storage/database/database.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::simulation {

/// Everything that calls itself random (ids, tokens, nonces) follows from this number from now on, on this thread.
void make_chance_predictable(std::uint64_t seed);

/// The real database that all processes share, made once and emptied for each world: on PostgreSQL
/// each process has a connection of its own.
class SimulatedDatabase {
 public:
  /// "sqlite" or "postgres". Throws if it cannot be had.
  explicit SimulatedDatabase(const std::string& engine);

  /// Empties all tables.
  void clear();
  storage::Database& connection(std::size_t process);
  /// The same number again: nothing has changed since. Where that is not known it always differs.
  std::int64_t changes();
  const platform::Vault& vault() const { return *vault_; }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  test::TemporaryDirectory folder_;
  std::function<std::unique_ptr<storage::Database>()> connect_;
  bool one_connection_ = false;
  std::int64_t changes_ = 0;
  std::vector<std::unique_ptr<storage::Database>> connections_;
  std::optional<platform::Vault> vault_;
  std::vector<std::string> tables_;
};

}  // namespace landwaiter::simulation
