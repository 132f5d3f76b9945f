// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace landwaiter::storage {

/// Of the library that runs.
std::string sqlite_version();

struct DatabaseOptions {
  /// How long a statement waits for another process or connection that holds the lock.
  std::chrono::milliseconds busy_timeout{10'000};
  /// True: each commit also survives a power cut (synchronous=FULL). False: a kill -9, but a power cut may take the last ones.
  bool survive_power_cut = false;
  /// The schema version that the first migration starts from. Files of that version and older ones are refused: the migrations that
  /// made them are gone.
  std::int64_t first_version = 0;
};

/// One SQLite connection: WAL, foreign keys enforced, STRICT tables by convention, schema version in user_version. Used from one thread
/// at a time. Errors are io with SQLite's message and the file's name.
class Database {
 public:
  /// Opens or makes the file (mode 0600; its folder, when made, 0700) and runs those of `migrations` that it has not seen: script
  /// number N takes the schema from version N to N+1 (counted from options.first_version), in a transaction of its own. A file of a newer
  /// version is refused.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, std::span<const std::string_view> migrations,
                                                const DatabaseOptions& options = {});
  static Result<std::unique_ptr<Database>> open_in_memory(std::span<const std::string_view> migrations);
  /// In a file without a name, which ends with the object: in TMPDIR, otherwise in /var/tmp. The first two megabytes need no file.
  static Result<std::unique_ptr<Database>> open_temporary(std::span<const std::string_view> migrations);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Gives free pages back to the file system and empties the write-ahead log.
  Result<void> give_back_space();

 private:
  friend class Transaction;
  friend class Rows;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  static Result<std::unique_ptr<Database>> open_and_migrate(const std::string& name, std::span<const std::string_view> migrations,
                                                            const DatabaseOptions& options);
  std::unique_ptr<Impl> impl_;
};

/// A count that came from outside, as SQLite can hold it and still add to it: its integers are signed.
inline std::int64_t bounded(std::uint64_t count) { return static_cast<std::int64_t>(std::min<std::uint64_t>(count, 1ULL << 62U)); }

/// A value bound to a `?`. Text and bytes are views that need to live only for the call.
class Value {
 public:
  Value(std::nullptr_t) {}
  template <std::integral Number>
  Value(Number number) : value_(static_cast<std::int64_t>(number)) {}
  Value(std::string_view text) : value_(text) {}
  Value(const std::string& text) : value_(std::string_view(text)) {}
  Value(const char* text) : value_(std::string_view(text)) {}
  Value(const Digest& digest) : value_(std::string_view(digest.str())) {}
  Value(ByteView bytes) : value_(bytes) {}
  Value(const Bytes& bytes) : value_(ByteView(bytes)) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) value_ = Value(*value).value_;
  }

 private:
  friend class Transaction;
  std::variant<std::nullptr_t, std::int64_t, std::string_view, ByteView> value_ = nullptr;
};

/// The rows of a query, read one after another. NULL reads as 0 or "". Must not outlive its transaction.
class Rows {
 public:
  ~Rows();
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&&) = delete;

  /// Moves to the next row; false at the end, and after an error (the transaction then cannot commit).
  bool next();
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  /// Valid until next().
  ByteView bytes(int column) const;

 private:
  friend class Transaction;
  struct Cursor;
  Rows(class Transaction* transaction, std::unique_ptr<Cursor> cursor);
  class Transaction* transaction_;
  std::unique_ptr<Cursor> cursor_;
};

/// The only way to run statements. The first failure sticks: statements after it do nothing, queries have no rows, and commit()
/// rolls back and returns that failure. So callers check once, at the end, and act on nothing before commit() succeeded.
/// Rolls back when destroyed without commit. One at a time for a database.
class Transaction {
 public:
  enum class Kind { read, write };
  /// A write transaction takes the write lock at once (BEGIN IMMEDIATE), so it cannot fail half-way on another writer.
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Runs one statement; the number of rows it changed.
  std::int64_t run(std::string_view sql, std::initializer_list<Value> values = {});
  Rows query(std::string_view sql, std::initializer_list<Value> values = {});
  /// The first column of the first row, 0 when there is none.
  std::int64_t number(std::string_view sql, std::initializer_list<Value> values = {});

  bool failed() const { return failure_.has_value(); }
  /// Makes the transaction fail with the caller's error, unless it has already failed; returns the error it failed with.
  Error fail(Error error);
  Result<void> commit();

 private:
  friend class Rows;
  std::unique_ptr<Rows::Cursor> prepare(std::string_view sql, std::initializer_list<Value> values);

  Database::Impl& database_;
  std::optional<Error> failure_;
  bool open_ = false;
};

}  // namespace landwaiter::storage
