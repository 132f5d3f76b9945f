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

/// The size of an SQLite database according to its header, if `bytes` starts with one ("Database File Format", 1.3).
std::optional<std::uint64_t> sqlite_database_size(ByteView bytes);

/// Reads plain tables of an untrusted SQLite database in memory. It writes nothing and opens no file. A schema with anything but simple
/// tables and indexes is rejected, because computed expressions can be arbitrarily expensive. Work and memory are limited; reading fails
/// beyond that. Not thread-safe.
class SqliteReader {
 public:
  /// The values of one row by the names of their columns, as bytes; NULL is left out. Valid during the call only.
  using Row = std::map<std::string, ByteView>;

  /// Copies the bytes. Fails with malformed if SQLite rejects them, or if the schema is not simple.
  static Result<SqliteReader> open(ByteView database);
  SqliteReader(SqliteReader&&) noexcept;
  SqliteReader& operator=(SqliteReader&&) noexcept;
  ~SqliteReader();

  bool has_table(const std::string& name);
  /// Every row of a table, until `visit` returns false. False if the table cannot be read to its end.
  bool each_row(const std::string& table, const std::function<bool(const Row&)>& visit);

 private:
  struct Impl;
  explicit SqliteReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::detectors
