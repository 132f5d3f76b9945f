// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// One interface for what SQLite and PostgreSQL both do. Statements are written once: placeholders are `?`, or `?1` to name one again.
namespace landwaiter::storage {

enum class Dialect { sqlite, postgres };

/// Why a transaction failed, for callers who can do something about it.
enum class Failure {
  none,
  uniqueness,  ///< such a row, or table, is there already
  contention,  ///< with another transaction: the same one succeeds when it is begun again
  deadline,    ///< a statement took longer than it may
  connection,  ///< the database cannot be reached; whether a commit that failed so took effect is unknown
  other,       ///< the disk, damage, or a bug
};

/// What a transaction is for. A light write may be lost if the server crashes within a second, though it was committed: for what is soon
/// said again. PostgreSQL then does not wait for the disk; SQLite does as always.
enum class Access { read, write, light_write };

/// A count that came from outside, as a database can hold it and still add to it: its integers are signed.
inline std::int64_t bounded(std::uint64_t count) { return static_cast<std::int64_t>(std::min<std::uint64_t>(count, 1ULL << 62U)); }

/// A value bound to a placeholder. Text and bytes are views that need to live only for the call. Text with a NUL is refused by the
/// statement that it is bound to: PostgreSQL cannot hold it.
class Value {
 public:
  using Held = std::variant<std::nullptr_t, std::int64_t, std::string_view, ByteView>;

  Value(std::nullptr_t) {}
  template <std::integral Number>
  Value(Number number) : held_(static_cast<std::int64_t>(number)) {}
  Value(std::string_view text) : held_(text) {}
  Value(const std::string& text) : held_(std::string_view(text)) {}
  Value(const char* text) : held_(std::string_view(text)) {}
  Value(const Digest& digest) : held_(std::string_view(digest.str())) {}
  Value(ByteView bytes) : held_(bytes) {}
  Value(const Bytes& bytes) : held_(ByteView(bytes)) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) held_ = Value(*value).held_;
  }

  const Held& held() const { return held_; }

 private:
  Held held_ = nullptr;
};

using Values = std::span<const Value>;

/// An engine's side of one statement. Columns are numbered from 0 and may be asked for after next() was true.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// False at the end.
  virtual Result<bool> next() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual ByteView bytes(int column) const = 0;
  /// How many rows the statement changed, when next() has been false.
  virtual std::int64_t changed() const = 0;
};

/// One connection to a database, used from one thread at a time. What it does is done by Transaction.
class Database {
 public:
  virtual ~Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  virtual Dialect dialect() const = 0;
  /// For messages: a file, or a server and its database. Never a password.
  virtual const std::string& name() const = 0;

 protected:
  Database() = default;
  /// Notes why, for the transaction that asks next.
  Error failed(Failure why, std::string_view message);

 private:
  friend class Transaction;
  virtual Result<void> begin(Access access) = 0;
  virtual Result<void> commit() = 0;
  virtual void roll_back() = 0;
  virtual Result<std::unique_ptr<Cursor>> execute(std::string_view sql, Values values) = 0;
  /// The same statement for each; the number of rows changed in all.
  virtual Result<std::int64_t> execute_each(std::string_view sql, std::span<const std::vector<Value>> rows) = 0;
  /// Statements without values, separated by semicolons, in the words of the schema (migrations.hpp).
  virtual Result<void> script(std::string_view sql) = 0;

  Failure failure_ = Failure::none;
};

/// The rows of a query, read one after another. NULL reads as 0 or "". Must not outlive its transaction.
class Rows {
 public:
  /// Moves to the next row; false at the end, and after an error (the transaction then cannot commit).
  bool next();
  bool is_null(int column) const { return cursor_->is_null(column); }
  std::int64_t integer(int column) const { return cursor_->integer(column); }
  std::string text(int column) const { return std::string(as_text(bytes(column))); }
  /// Valid until next().
  ByteView bytes(int column) const { return cursor_->bytes(column); }

 private:
  friend class Transaction;
  Rows(class Transaction& transaction, std::unique_ptr<Cursor> cursor) : transaction_(&transaction), cursor_(std::move(cursor)) {}
  class Transaction* transaction_;
  std::unique_ptr<Cursor> cursor_;
};

/// The only way to run statements. The first failure sticks: statements after it do nothing, queries have no rows, and commit()
/// rolls back and returns that failure. So callers check once, at the end, and act on nothing before commit() succeeded.
/// Rolls back when destroyed without commit. One at a time for a database.
class Transaction {
 public:
  /// A read sees the database as it is at its first statement. On SQLite a write takes the write lock at once, so it cannot fail half-way
  /// on another writer.
  using Kind = Access;
  Transaction(Database& database, Kind kind);
  /// A part of `whole`, which does nothing by itself meanwhile: if the part fails or is given up, the whole goes on without it, unless the
  /// database gave up all of it. Committed with the whole.
  explicit Transaction(Transaction& whole);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Dialect dialect() const { return database_.dialect(); }

  /// Runs one statement; the number of rows it changed.
  std::int64_t run(std::string_view sql, std::initializer_list<Value> values = {});
  std::int64_t run(std::string_view sql, Values values);
  /// Runs it for each row of values, without waiting for the answer to one before the next is sent; the number of rows changed in all.
  std::int64_t run_each(std::string_view sql, std::span<const std::vector<Value>> rows);
  Rows query(std::string_view sql, std::initializer_list<Value> values = {});
  Rows query(std::string_view sql, Values values);
  /// The first column of the first row, 0 when there is none.
  std::int64_t number(std::string_view sql, std::initializer_list<Value> values = {});
  /// Statements of a schema.
  void script(std::string_view sql);

  bool failed() const { return error_.has_value(); }
  /// Of the error that it failed with; `other` if that is the caller's.
  Failure failure() const { return failure_; }
  /// Makes the transaction fail with the caller's error, unless it has already failed; returns the error it failed with.
  Error fail(Error error);
  Result<void> commit();

 private:
  friend class Rows;
  Error fail_by(Error error);
  Result<void> end_well();
  void roll_back();

  Database& database_;
  Transaction* whole_ = nullptr;  ///< of which this is a part
  std::optional<Error> error_;
  Failure failure_ = Failure::none;
  bool open_ = false;
};

}  // namespace landwaiter::storage
