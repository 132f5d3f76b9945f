// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database/catalog.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// All rows of a database, carried to another one of any engine, and compared.
namespace landwaiter::storage {

/// How many rows of a table were dealt with so far.
using TableProgress = std::function<void(const std::string& table, std::int64_t rows)>;

/// What is in a table: equal for equal rows, in whatever order, on either engine.
struct TableSum {
  std::string table;
  std::int64_t rows = 0;
  std::string sum;  ///< 32 hexadecimal digits: the SHA-256 of each row, shortened, and added

  bool operator==(const TableSum&) const = default;
};

/// Of all tables but schema_version, whose rows tell of this database alone. Reads in pages, with as much memory as one needs.
Result<std::vector<TableSum>> table_sums(Transaction& transaction, const TableProgress& progress = {});

/// The tables that differ, for people: "finding (12 rows, not 13), token (other rows)"; empty if none does.
std::string difference(const std::vector<TableSum>& found, const std::vector<TableSum>& expected);

/// References that lead nowhere, for people: "2 rows of job lead to no row of scan".
std::vector<std::string> broken_references(Transaction& transaction);

/// Copies all rows into an empty database, which gets the schema that the source has of `steps`. Keys are kept, and numbers that the
/// database gives go on behind them. Done page by page, so that a copy that was interrupted goes on where it ended when it is begun again;
/// until it has ended, unfinished_copy() says so. Proved at the end: both sides have equal sums, which are returned. Errors: conflict for a
/// target that is not empty, or half filled from elsewhere; digest_mismatch if the sums differ; those of migrate() and of the databases.
Result<std::vector<TableSum>> copy_database(Database& from, Database& to, std::span<const std::string_view> steps,
                                            const TableProgress& progress = {});

/// Where the rows of a copy come from that was not finished; empty otherwise.
std::string unfinished_copy(Transaction& transaction);
/// Error configuration for a database that holds such a copy, and what to do.
Result<void> refuse_unfinished_copy(Database& database);

}  // namespace landwaiter::storage
