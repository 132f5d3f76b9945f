// SPDX-License-Identifier: Apache-2.0
#include "storage/database/copy.hpp"

#include "core/base/encoding.hpp"
#include "storage/database/migrations.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;

/// A page is what both sides hold in memory at once. Rows with reports have some kilobytes each, others some dozens.
constexpr std::size_t kPageBytes = 8U << 20U;
constexpr std::int64_t kPageRowsFirst = 64, kPageRowsMax = 5'000;
/// Rows in one statement: with more of them PostgreSQL does not get faster.
constexpr std::size_t kRowsInStatement = 100;
/// SQLite takes 32,766 values in one, PostgreSQL 65,535.
constexpr std::size_t kValuesInStatementMax = 32'000;

constexpr std::string_view kSchemaVersion = "schema_version";
constexpr std::string_view kMark = "unfinished_copy";

using Held = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;
using Row = std::vector<Held>;

Value as_value(const Held& held) {
  return std::visit([](const auto& value) { return Value(value); }, held);
}

std::size_t size_of(const Held& held) {
  if (const auto* text = std::get_if<std::string>(&held)) return text->size();
  if (const auto* bytes = std::get_if<Bytes>(&held)) return bytes->size();
  return sizeof(std::int64_t);
}

Row read_row(const Rows& rows, const TableShape& table) {
  Row out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const int column = static_cast<int>(i);
    if (rows.is_null(column)) {
      out.emplace_back(nullptr);
    } else if (table.columns[i].type == ColumnType::integer) {
      out.emplace_back(rows.integer(column));
    } else if (table.columns[i].type == ColumnType::text) {
      out.emplace_back(rows.text(column));
    } else {
      const ByteView bytes = rows.bytes(column);
      out.emplace_back(Bytes(bytes.begin(), bytes.end()));
    }
  }
  return out;
}

std::vector<std::string> column_names(const TableShape& table) {
  std::vector<std::string> out;
  for (const Column& column : table.columns) out.push_back(column.name);
  return out;
}

std::string key_names(const TableShape& table) {
  std::vector<std::string> out;
  for (const std::size_t column : table.key) out.push_back(table.columns[column].name);
  return quoted_names(out);
}

std::string places(std::size_t count) {
  std::string out = "(?";
  for (std::size_t i = 1; i < count; ++i) out += ",?";
  return out + ')';
}

/// The rows of a table in the order of its key.
class Pages {
 public:
  Pages(const TableShape& table, std::vector<Held> after) : table_(table), after_(std::move(after)) {
    const std::string from = "SELECT " + quoted_names(column_names(table)) + " FROM " + quoted_name(table.name);
    const std::string rest = " ORDER BY " + key_names(table) + " LIMIT ?";
    first_ = from + rest;
    further_ = from + " WHERE (" + key_names(table) + ")>" + places(table.key.size()) + rest;
  }

  /// Empty at the end.
  std::vector<Row> next(Transaction& transaction) {
    std::vector<Value> values;
    for (const Held& held : after_) values.push_back(as_value(held));
    values.emplace_back(rows_);
    std::vector<Row> page;
    std::size_t bytes = 0;
    Rows rows = transaction.query(after_.empty() ? first_ : further_, values);
    while (rows.next()) {
      page.push_back(read_row(rows, table_));
      for (const Held& held : page.back()) bytes += size_of(held);
    }
    if (page.empty()) return page;
    after_.clear();
    for (const std::size_t column : table_.key) after_.push_back(page.back()[column]);
    const std::size_t row_bytes = bytes / page.size() + 1;
    rows_ = std::clamp<std::int64_t>(static_cast<std::int64_t>(kPageBytes / row_bytes), 1, kPageRowsMax);
    return page;
  }

 private:
  const TableShape& table_;
  std::string first_;
  std::string further_;
  std::vector<Held> after_;
  std::int64_t rows_ = kPageRowsFirst;
};

void append_number(Bytes& out, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

/// Rows are equal when these bytes are: each value behind its kind and length.
void encode(const Row& row, Bytes& out) {
  out.clear();
  for (const Held& held : row) {
    out.push_back(static_cast<std::uint8_t>(held.index()));
    if (const auto* number = std::get_if<std::int64_t>(&held)) append_number(out, static_cast<std::uint64_t>(*number));
    ByteView bytes;
    if (const auto* text = std::get_if<std::string>(&held)) bytes = as_bytes(*text);
    if (const auto* content = std::get_if<Bytes>(&held)) bytes = *content;
    append_number(out, bytes.size());
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

/// Added, so that the order does not count and equal rows do not cancel each other.
class Sum {
 public:
  void add(const Row& row) {
    encode(row, encoded_);
    const Bytes hash = hex_decode(Digest::sha256_of(encoded_).hex()).value_or(Bytes(16));
    for (std::size_t half = 0; half < 2; ++half) {
      std::uint64_t number = 0;
      for (std::size_t i = 0; i < 8; ++i) number = number << 8U | hash[half * 8 + i];
      halves_[half] += number;
    }
  }

  std::string hex() const {
    Bytes out;
    for (const std::uint64_t half : halves_) append_number(out, half);
    return hex_encode(out);
  }

 private:
  std::uint64_t halves_[2]{};
  Bytes encoded_;
};

/// Those that a copy carries.
Result<std::vector<TableShape>> carried_tables(Transaction& transaction) {
  auto tables = tables_of(transaction);
  if (tables) std::erase_if(*tables, [](const TableShape& table) { return table.name == kSchemaVersion || table.name == kMark; });
  return tables;
}

bool same_shape(const TableShape& a, const TableShape& b) {
  const auto same = [](const Column& one, const Column& other) { return one.name == other.name && one.type == other.type; };
  return a.name == b.name && std::ranges::equal(a.columns, b.columns, same);
}

/// Empty in a table without rows.
std::vector<Held> last_key(Transaction& transaction, const TableShape& table) {
  std::string descending;
  for (const std::size_t column : table.key)
    descending += (descending.empty() ? "" : ",") + quoted_name(table.columns[column].name) + " DESC";
  Rows rows = transaction.query("SELECT " + quoted_names(column_names(table)) + " FROM " + quoted_name(table.name) + " ORDER BY " +
                                descending + " LIMIT 1");
  if (!rows.next()) return {};
  const Row row = read_row(rows, table);
  std::vector<Held> out;
  for (const std::size_t column : table.key) out.push_back(row[column]);
  return out;
}

void insert(Transaction& transaction, const TableShape& table, const std::vector<Row>& page) {
  const std::size_t at_once = std::clamp<std::size_t>(kValuesInStatementMax / table.columns.size(), 1, kRowsInStatement);
  const std::string into = "INSERT INTO " + quoted_name(table.name) + "(" + quoted_names(column_names(table)) + ") VALUES ";
  const std::string one = into + places(table.columns.size());
  std::string many = one;
  for (std::size_t i = 1; i < at_once; ++i) many += ',' + places(table.columns.size());
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t count = page.size() - at >= at_once ? at_once : 1;
    std::vector<Value> values;
    for (std::size_t row = at; row < at + count; ++row) {
      for (const Held& held : page[row]) values.push_back(as_value(held));
    }
    transaction.run(count == 1 ? one : many, values);
    at += count;
  }
}

/// PostgreSQL does not see which numbers were given to it.
void advance_numbers(Transaction& transaction, const TableShape& table) {
  if (transaction.dialect() != Dialect::postgres || table.numbered.empty()) return;
  transaction.run("SELECT setval(pg_get_serial_sequence(?,?),coalesce((SELECT max(" + quoted_name(table.numbered) + ") FROM " +
                      quoted_name(table.name) + "),0)+1,false)",
                  {quoted_name(table.name), table.numbered});
}

Result<void> copy_table(Transaction& from, Database& to, const TableShape& table, const TableProgress& progress) {
  std::vector<Held> after;
  std::int64_t done = 0;
  {
    Transaction transaction(to, Kind::read);
    after = last_key(transaction, table);
    if (!after.empty()) done = transaction.number("SELECT count(*) FROM " + quoted_name(table.name));
    auto ended = transaction.commit();
    if (!ended) return ended;
  }
  Pages pages(table, std::move(after));
  for (auto page = pages.next(from); !page.empty(); page = pages.next(from)) {
    Transaction transaction(to, Kind::write);
    insert(transaction, table, page);
    auto committed = transaction.commit();
    if (!committed) return committed.error().with_context(table.name);
    done += static_cast<std::int64_t>(page.size());
    if (progress) progress(table.name, done);
  }
  if (from.failed()) return from.commit();
  Transaction transaction(to, Kind::write);
  advance_numbers(transaction, table);
  return transaction.commit();
}

/// A target is new, or was begun from the same source. The mark is there before anything else is.
Result<void> claim_target(const Database& from, Database& to) {
  Transaction transaction(to, Kind::write);
  const bool marked = has_table(transaction, kMark);
  const std::string source = unfinished_copy(transaction);
  if (!source.empty() && source != from.name()) {
    return transaction.fail(Error(ErrorCode::conflict, to.name() + ": is half filled from " + source + ": name that one, or empty it"));
  }
  if (!marked) {
    const auto tables = tables_of(transaction);
    if (!tables) return tables.error();
    if (!tables->empty()) {
      return transaction.fail(
          Error(ErrorCode::conflict, to.name() + ": is not empty (it has a table " + tables->front().name + "): name an empty database"));
    }
    transaction.script("CREATE TABLE " + std::string(kMark) + "(source TEXT NOT NULL PRIMARY KEY)");
  }
  return transaction.commit();
}

/// Removes what the schema itself put there.
Result<void> begin_copy(const Database& from, Database& to, const std::vector<TableShape>& tables) {
  Transaction transaction(to, Kind::write);
  const auto there = carried_tables(transaction);
  if (!there) return there.error();
  if (!std::ranges::equal(*there, tables, same_shape)) {
    return transaction.fail(Error(ErrorCode::conflict, to.name() + ": its tables are not those of " + from.name()));
  }
  if (!unfinished_copy(transaction).empty()) return transaction.commit();
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) transaction.run("DELETE FROM " + quoted_name(table->name));
  transaction.run("INSERT INTO " + std::string(kMark) + "(source) VALUES(?)", {from.name()});
  return transaction.commit();
}

Result<std::vector<TableSum>> sums_of(Database& database, const TableProgress& progress) {
  Transaction transaction(database, Kind::read);
  auto sums = table_sums(transaction, progress);
  if (!sums) return sums;
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return sums;
}

}  // namespace

Result<std::vector<TableSum>> table_sums(Transaction& transaction, const TableProgress& progress) {
  const auto tables = carried_tables(transaction);
  if (!tables) return tables.error();
  std::vector<TableSum> out;
  for (const TableShape& table : *tables) {
    TableSum found{table.name, 0, {}};
    Sum sum;
    Pages pages(table, {});
    for (auto page = pages.next(transaction); !page.empty(); page = pages.next(transaction)) {
      for (const Row& row : page) sum.add(row);
      found.rows += static_cast<std::int64_t>(page.size());
      if (progress) progress(table.name, found.rows);
    }
    found.sum = sum.hex();
    out.push_back(std::move(found));
  }
  if (transaction.failed()) return transaction.commit().error();
  std::ranges::sort(out, {}, &TableSum::table);  // the order of references may differ
  return out;
}

std::string difference(const std::vector<TableSum>& found, const std::vector<TableSum>& expected) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  for (const TableSum& wanted : expected) {
    const auto is = std::ranges::find(found, wanted.table, &TableSum::table);
    if (is == found.end()) {
      add(wanted.table + " (is missing)");
    } else if (is->rows != wanted.rows) {
      add(wanted.table + " (" + std::to_string(is->rows) + " rows, not " + std::to_string(wanted.rows) + ")");
    } else if (is->sum != wanted.sum) {
      add(wanted.table + " (other rows)");
    }
  }
  for (const TableSum& is : found) {
    if (std::ranges::find(expected, is.table, &TableSum::table) == expected.end()) add(is.table + " (is not known)");
  }
  return out;
}

std::vector<std::string> broken_references(Transaction& transaction) {
  std::vector<std::string> out;
  const auto tables = tables_of(transaction);
  if (!tables) return out;
  for (const TableShape& table : *tables) {
    for (const Reference& reference : table.references) {
      std::string all_set;
      std::string equal;
      for (std::size_t i = 0; i < reference.columns.size(); ++i) {
        all_set += " AND c." + quoted_name(reference.columns[i]) + " IS NOT NULL";
        equal += (i == 0 ? "p." : " AND p.") + quoted_name(reference.targets[i]) + "=c." + quoted_name(reference.columns[i]);
      }
      const std::int64_t rows =
          transaction.number("SELECT count(*) FROM " + quoted_name(table.name) + " c WHERE NOT EXISTS(SELECT 1 FROM " +
                             quoted_name(reference.table) + " p WHERE " + equal + ")" + all_set);
      if (rows > 0) out.push_back(std::to_string(rows) + " rows of " + table.name + " lead to no row of " + reference.table);
    }
  }
  return out;
}

Result<std::vector<TableSum>> copy_database(Database& from, Database& to, std::span<const std::string_view> steps,
                                            const TableProgress& progress) {
  const auto run = steps_run(from, steps);
  if (!run) return run.error();
  auto claimed = claim_target(from, to);
  if (!claimed) return claimed.error();
  auto made = migrate(to, steps.first(static_cast<std::size_t>(*run)));
  if (!made) return made.error();
  Transaction reading(from, Kind::read);
  const auto tables = carried_tables(reading);
  if (!tables) return tables.error();
  auto begun = begin_copy(from, to, *tables);
  if (!begun) return begun.error();
  for (const TableShape& table : *tables) {
    auto copied = copy_table(reading, to, table, progress);
    if (!copied) return copied.error();
  }
  auto expected = table_sums(reading);
  if (!expected) return expected;
  auto ended = reading.commit();
  if (!ended) return ended.error();
  const auto found = sums_of(to, {});
  if (!found) return found;
  const std::string differs = difference(*found, *expected);
  if (!differs.empty()) {
    return Error(ErrorCode::digest_mismatch, to.name() + ": is not what " + from.name() + " is: " + differs +
                                                 "; if that one was written to in the meantime, empty this one and begin again");
  }
  Transaction transaction(to, Kind::write);
  transaction.script("DROP TABLE " + std::string(kMark));
  auto unmarked = transaction.commit();
  if (!unmarked) return unmarked.error();
  return expected;
}

std::string unfinished_copy(Transaction& transaction) {
  if (!has_table(transaction, kMark)) return {};
  Rows rows = transaction.query("SELECT source FROM " + std::string(kMark));
  return rows.next() ? rows.text(0) : std::string();
}

Result<void> refuse_unfinished_copy(Database& database) {
  Transaction transaction(database, Kind::read);
  const std::string source = unfinished_copy(transaction);
  auto ended = transaction.commit();
  if (!ended || source.empty()) return ended;
  return Error(ErrorCode::configuration,
               database.name() + ": is only half filled from " + source + ": run that copy again to its end, or empty the database");
}

}  // namespace landwaiter::storage
