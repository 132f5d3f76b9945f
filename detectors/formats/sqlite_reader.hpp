// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::detectors {

/// What the header of an SQLite database says it takes, when `bytes` begins with one ("Database File Format", 1.3).
std::optional<std::uint64_t> sqlite_database_size(ByteView bytes);

/// Reads plain tables of an SQLite database that lies in memory and that nobody vouches for. Nothing is written, no file is touched; a
/// schema with anything but simple tables and indexes is refused, for what SQLite computes could be made to cost; work and memory
/// have their limits, beyond which reading fails. Not thread-safe.
class SqliteReader {
 public:
  /// The values of one row by the names of their columns, as bytes; NULL is left out. Valid during the call only.
  using Row = std::map<std::string, ByteView>;

  /// Copies the bytes. Fails with malformed when SQLite takes them for none, or the schema is of another kind.
  static Result<SqliteReader> open(ByteView database);
  SqliteReader(SqliteReader&&) noexcept;
  SqliteReader& operator=(SqliteReader&&) noexcept;
  ~SqliteReader();

  bool has_table(const std::string& name);
  /// Every row of a table, until `visit` returns false. False when the table cannot be read to its end.
  bool each_row(const std::string& table, const std::function<bool(const Row&)>& visit);

 private:
  struct Impl;
  explicit SqliteReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::detectors
