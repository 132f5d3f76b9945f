// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database/database.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What tables a database has, as it tells itself: for what is done with all of them, whatever the schema is by then.
namespace landwaiter::storage {

enum class ColumnType { integer, text, bytes };

struct Column {
  std::string name;
  ColumnType type = ColumnType::text;
};

struct Reference {
  std::vector<std::string> columns;
  std::string table;                 ///< the one referred to
  std::vector<std::string> targets;  ///< its columns
};

struct TableShape {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;       ///< the primary key, or else a unique one, in columns
  std::string numbered;               ///< the column whose numbers the database gives; empty if it gives none
  std::vector<Reference> references;  ///< to other tables, and to itself
};

/// All tables, those that are referred to before those that refer to them. Errors: those of the transaction, which then has failed;
/// unsupported for a table without a key, a type of column that our schemas do not have, or tables that refer to each other.
Result<std::vector<TableShape>> tables_of(Transaction& transaction);

bool has_table(Transaction& transaction, std::string_view name);

/// A name in a statement.
std::string quoted_name(std::string_view name);
/// "a","b"
std::string quoted_names(const std::vector<std::string>& names);

}  // namespace landwaiter::storage
