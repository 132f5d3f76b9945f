// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "platform/store/schema.hpp"

#include <optional>
#include <string>
#include <string_view>

/// All in which the platform's statements differ between the engines. On SQLite a write transaction has the whole database to itself,
/// so rows are locked on PostgreSQL alone.
namespace landwaiter::platform {

/// A query whose rows nobody else may change before this transaction ends. It waits for those who are at it.
std::string locking(const Transaction& transaction, std::string_view query, std::string_view table);

/// The same, without the rows that another transaction has locked.
std::string locking_free_ones(const Transaction& transaction, std::string_view query, std::string_view table);

/// What time the database has. SQLite has none of its own: nothing.
std::optional<SystemTime> database_time(Transaction& transaction);

}  // namespace landwaiter::platform
