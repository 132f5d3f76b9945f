// SPDX-License-Identifier: Apache-2.0
#include "platform/store/dialect.hpp"

namespace landwaiter::platform {
namespace {

// Rows that refer to a locked one can still be inserted.
std::string with_lock(const Transaction& transaction, std::string_view query, std::string_view table, std::string_view how) {
  std::string statement(query);
  if (transaction.dialect() != storage::Dialect::postgres) return statement;
  return statement.append(" FOR NO KEY UPDATE OF ").append(table).append(how);
}

}  // namespace

std::string locking(const Transaction& transaction, std::string_view query, std::string_view table) {
  return with_lock(transaction, query, table, "");
}

std::string locking_free_ones(const Transaction& transaction, std::string_view query, std::string_view table) {
  return with_lock(transaction, query, table, " SKIP LOCKED");
}

std::optional<SystemTime> database_time(Transaction& transaction) {
  if (transaction.dialect() != storage::Dialect::postgres) return std::nullopt;
  return from_unix_us(transaction.number("SELECT (extract(epoch FROM clock_timestamp())*1000000)::bigint"));
}

}  // namespace landwaiter::platform
