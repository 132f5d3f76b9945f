// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "storage/database/database.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace landwaiter::storage {

struct PostgresOptions {
  /// postgresql://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE[?sslmode=...]; what it leaves out comes from PGPASSFILE and libpq's other
  /// variables.
  Secret address;
  /// How long a statement may run.
  std::chrono::milliseconds statement_time_max{30'000};
  /// How long one waits for a row that another transaction has changed.
  std::chrono::milliseconds lock_time_max{5'000};
  /// False where a pooler gives each transaction another connection, which knows no prepared statements.
  bool prepare_statements = true;
};

/// A connection to PostgreSQL 15 or later, or to what speaks its protocol. One that was lost is made again when the next transaction
/// begins. A read is REPEATABLE READ, so it sees one moment; a write is READ COMMITTED. Errors: configuration for an address that is none,
/// unavailable, unsupported for an older server.
Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options);

}  // namespace landwaiter::storage
