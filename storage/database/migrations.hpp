// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database/database.hpp"

#include <span>
#include <string>
#include <string_view>

namespace landwaiter::storage {

/// Brings a database to the schema of this program: runs those of `steps` that it has not seen, all in one transaction, so that one that is
/// interrupted leaves the schema as it was; and notes number, SHA-256, time and program of each in the table schema_version. Several
/// processes may do so at once. Refused, as io, are a database of a newer program (which knows more steps) and one whose steps were others.
///
/// A step is a script in SQLite's words: tables are STRICT, types INTEGER (64 bits), TEXT and BLOB, `INTEGER PRIMARY KEY` is a number that
/// the database gives. A step that was released is never changed.
Result<void> migrate(Database& database, std::span<const std::string_view> steps);

/// How many of `steps` were run on it; 0 for a database without schema_version. Changes nothing. Refuses what migrate() refuses.
Result<std::int64_t> steps_run(Database& database, std::span<const std::string_view> steps);

/// The number of steps that were run on it, whatever they were; 0 for an empty database. Changes nothing.
Result<std::int64_t> schema_version(Database& database);

/// A script in SQLite's words as PostgreSQL has them. Texts order by their bytes, as SQLite's do.
std::string in_postgres_words(std::string_view script);

}  // namespace landwaiter::storage
