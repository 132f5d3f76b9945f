// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "storage/postgres/postgres_database.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::storage {

/// A connection that hears what others send by pg_notify() on one channel, when their transaction is committed. Used from one thread.
class PostgresListener {
 public:
  virtual ~PostgresListener() = default;
  /// Becomes readable when something came.
  virtual int socket() const = 0;
  /// What came, without waiting. unavailable: the connection is lost, make another.
  virtual Result<std::vector<std::string>> heard() = 0;
};

/// `channel` is a word of lower-case letters and underscores.
Result<std::unique_ptr<PostgresListener>> listen_to_postgres(const PostgresOptions& options, std::string_view channel);

}  // namespace landwaiter::storage
