// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

#include <memory>

struct pg_conn;

namespace landwaiter::storage {

struct CloseConnection {
  void operator()(pg_conn* connection) const;
};
using ConnectionPtr = std::unique_ptr<pg_conn, CloseConnection>;

/// libpq takes anything as a database's name, so an address is checked first: error configuration, which does not repeat it.
Result<void> check_postgres_address(const Secret& address);

/// Dials, for at most 10 s an address. Whether that succeeded is asked of the connection; empty: libpq has no memory.
ConnectionPtr connect_to_postgres(const Secret& address);

}  // namespace landwaiter::storage
