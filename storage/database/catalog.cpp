// SPDX-License-Identifier: Apache-2.0
#include "storage/database/catalog.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace landwaiter::storage {
namespace {

/// How an engine answers. Each has one parameter, the table's name, but for the first.
struct CatalogQueries {
  std::string_view tables;
  std::string_view columns;     ///< name, type, whether the database gives its numbers
  std::string_view key;         ///< names in order
  std::string_view unique;      ///< the same of another constraint, where there is no primary key
  std::string_view references;  ///< name of the constraint, table, column, target
};

constexpr CatalogQueries kSqlite{
    "SELECT name FROM pragma_table_list WHERE schema='main' AND type='table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    "SELECT name,lower(type),pk=1 AND type='INTEGER' AND (SELECT max(pk) FROM pragma_table_info(?1))=1"
    " AND NOT (SELECT wr FROM pragma_table_list WHERE schema='main' AND name=?1) FROM pragma_table_info(?1) ORDER BY cid",
    "SELECT name FROM pragma_table_info(?1) WHERE pk>0 ORDER BY pk",
    "SELECT name FROM pragma_index_info((SELECT name FROM pragma_index_list(?1) WHERE origin='u' ORDER BY seq LIMIT 1)) ORDER BY seqno",
    "SELECT id,\"table\",\"from\",\"to\" FROM pragma_foreign_key_list(?1) ORDER BY id,seq"};

constexpr CatalogQueries kPostgres{
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace"
    " WHERE n.nspname=current_schema() AND c.relkind IN ('r','p') AND NOT c.relispartition ORDER BY c.relname",
    "SELECT column_name,data_type,is_identity='YES' FROM information_schema.columns"
    " WHERE table_schema=current_schema() AND table_name=?1 ORDER BY ordinal_position",
    "SELECT k.column_name FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k"
    " ON k.constraint_schema=t.constraint_schema AND k.constraint_name=t.constraint_name AND k.table_name=t.table_name"
    " WHERE t.table_schema=current_schema() AND t.table_name=?1 AND t.constraint_type='PRIMARY KEY' ORDER BY k.ordinal_position",
    "SELECT k.column_name FROM information_schema.key_column_usage k WHERE k.table_schema=current_schema() AND k.table_name=?1"
    " AND k.constraint_name=(SELECT min(t.constraint_name::text) FROM information_schema.table_constraints t"
    " WHERE t.table_schema=current_schema() AND t.table_name=?1 AND t.constraint_type='UNIQUE') ORDER BY k.ordinal_position",
    "SELECT con.conname,ref.relname,a.attname,f.attname FROM pg_constraint con JOIN pg_class c ON c.oid=con.conrelid"
    " JOIN pg_namespace n ON n.oid=c.relnamespace JOIN pg_class ref ON ref.oid=con.confrelid"
    " CROSS JOIN LATERAL unnest(con.conkey,con.confkey) WITH ORDINALITY AS k(child,parent,place)"
    " JOIN pg_attribute a ON a.attrelid=con.conrelid AND a.attnum=k.child"
    " JOIN pg_attribute f ON f.attrelid=con.confrelid AND f.attnum=k.parent"
    " WHERE con.contype='f' AND n.nspname=current_schema() AND c.relname=?1 ORDER BY con.conname,k.place"};

const CatalogQueries& queries(const Transaction& transaction) { return transaction.dialect() == Dialect::sqlite ? kSqlite : kPostgres; }

std::optional<ColumnType> type_from(std::string_view name) {
  if (name == "integer" || name == "bigint") return ColumnType::integer;
  if (name == "text") return ColumnType::text;
  if (name == "blob" || name == "bytea") return ColumnType::bytes;
  return std::nullopt;
}

std::vector<std::string> names(Transaction& transaction, std::string_view sql, std::initializer_list<Value> values = {}) {
  std::vector<std::string> out;
  Rows rows = transaction.query(sql, values);
  while (rows.next()) out.push_back(rows.text(0));
  return out;
}

void read_references(Transaction& transaction, TableShape& table) {
  std::string constraint;
  Rows rows = transaction.query(queries(transaction).references, {table.name});
  while (rows.next()) {
    const std::string name = rows.text(0);
    if (table.references.empty() || name != constraint) table.references.push_back({{}, rows.text(1), {}});
    constraint = name;
    table.references.back().columns.push_back(rows.text(2));
    // SQLite tells no target where the other table's primary key is meant.
    if (!rows.is_null(3)) table.references.back().targets.push_back(rows.text(3));
  }
}

Result<TableShape> read_table(Transaction& transaction, const std::string& name) {
  TableShape table;
  table.name = name;
  {
    Rows rows = transaction.query(queries(transaction).columns, {name});
    while (rows.next()) {
      const auto type = type_from(rows.text(1));
      if (!type) return Error(ErrorCode::unsupported, "table " + name + " has a column of type " + rows.text(1));
      table.columns.push_back({rows.text(0), *type});
      if (rows.integer(2) != 0) table.numbered = rows.text(0);
    }
  }
  auto key = names(transaction, queries(transaction).key, {name});
  if (key.empty()) key = names(transaction, queries(transaction).unique, {name});
  for (const std::string& column : key) {
    const auto at = std::ranges::find(table.columns, column, &Column::name);
    table.key.push_back(static_cast<std::size_t>(at - table.columns.begin()));
  }
  if (table.key.empty()) return Error(ErrorCode::unsupported, "table " + name + " has no key");
  read_references(transaction, table);
  return table;
}

void complete_targets(std::vector<TableShape>& tables) {
  for (TableShape& table : tables) {
    for (Reference& reference : table.references) {
      const auto other = std::ranges::find(tables, reference.table, &TableShape::name);
      if (!reference.targets.empty() || other == tables.end()) continue;
      for (const std::size_t column : other->key) reference.targets.push_back(other->columns[column].name);
    }
  }
}

Result<std::vector<TableShape>> by_references(std::vector<TableShape> tables) {
  std::vector<TableShape> out;
  const auto is_out = [&](const std::string& name) { return std::ranges::find(out, name, &TableShape::name) != out.end(); };
  while (!tables.empty()) {
    const auto next = std::ranges::find_if(tables, [&](const TableShape& table) {
      return std::ranges::all_of(table.references, [&](const Reference& to) { return to.table == table.name || is_out(to.table); });
    });
    if (next == tables.end()) return Error(ErrorCode::unsupported, "tables refer to each other: " + tables.front().name + " and others");
    out.push_back(std::move(*next));
    tables.erase(next);
  }
  return out;
}

}  // namespace

Result<std::vector<TableShape>> tables_of(Transaction& transaction) {
  std::vector<TableShape> tables;
  for (const std::string& name : names(transaction, queries(transaction).tables)) {
    auto table = read_table(transaction, name);
    if (transaction.failed()) break;
    if (!table) return transaction.fail(table.error());
    tables.push_back(*std::move(table));
  }
  if (transaction.failed()) return transaction.commit().error();
  complete_targets(tables);
  auto ordered = by_references(std::move(tables));
  if (!ordered) return transaction.fail(ordered.error());
  return ordered;
}

bool has_table(Transaction& transaction, std::string_view name) {
  const auto tables = names(transaction, queries(transaction).tables);
  return std::ranges::find(tables, name) != tables.end();
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

std::string quoted_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + quoted_name(name);
  return out;
}

}  // namespace landwaiter::storage
