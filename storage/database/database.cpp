// SPDX-License-Identifier: Apache-2.0
#include "storage/database/database.hpp"

#include <utility>

namespace landwaiter::storage {
namespace {

ErrorCode code_of(Failure failure) {
  switch (failure) {
    case Failure::deadline: return ErrorCode::timeout;
    case Failure::contention:
    case Failure::connection: return ErrorCode::unavailable;
    default: return ErrorCode::io;
  }
}

/// What no engine can store among the values of a statement.
std::optional<Error> refusal(Values values) {
  const auto has_nul = [](const Value& value) {
    const auto* text = std::get_if<std::string_view>(&value.held());
    return text != nullptr && text->find('\0') != std::string_view::npos;
  };
  if (std::ranges::none_of(values, has_nul)) return std::nullopt;
  return Error(ErrorCode::invalid_argument, "a text has a NUL character, which cannot be stored");
}

}  // namespace

Error Database::failed(Failure why, std::string_view message) {
  failure_ = why;
  return {code_of(why), name() + ": " + std::string(message)};
}

bool Rows::next() {
  if (!cursor_ || transaction_->failed()) return false;
  auto more = cursor_->next();
  if (more && *more) return true;
  if (!more) (void)transaction_->fail_by(more.error());
  cursor_.reset();
  return false;
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  auto begun = database_.begin(kind);
  open_ = begun.has_value();
  if (!begun) (void)fail_by(begun.error());
}

Transaction::Transaction(Transaction& whole) : database_(whole.database_), whole_(&whole) {
  if (whole.failed()) {
    error_ = whole.error_;
    failure_ = whole.failure_;
    return;
  }
  auto begun = database_.script("SAVEPOINT part");
  open_ = begun.has_value();
  if (!begun) (void)whole.fail_by(fail_by(begun.error()));
}

Transaction::~Transaction() {
  if (open_) roll_back();
}

Result<void> Transaction::end_well() { return whole_ == nullptr ? database_.commit() : database_.script("RELEASE part"); }

void Transaction::roll_back() {
  if (whole_ == nullptr) {
    database_.roll_back();
    return;
  }
  // After some errors SQLite has rolled back everything, and PostgreSQL's connection may be gone.
  auto back = database_.script("ROLLBACK TO part;RELEASE part");
  if (back) return;
  database_.failure_ = failure_ == Failure::none ? database_.failure_ : failure_;
  (void)whole_->fail_by(error_.value_or(back.error()));
}

Error Transaction::fail(Error error) {
  if (!error_) {
    error_ = std::move(error);
    failure_ = Failure::other;
  }
  return *error_;
}

Error Transaction::fail_by(Error error) {
  if (!error_) {
    error_ = std::move(error);
    failure_ = std::exchange(database_.failure_, Failure::none);
  }
  return *error_;
}

Rows Transaction::query(std::string_view sql, std::initializer_list<Value> values) {
  return query(sql, Values(values.begin(), values.size()));
}

Rows Transaction::query(std::string_view sql, Values values) {
  if (failed()) return {*this, nullptr};
  if (auto refused = refusal(values)) {
    (void)fail(*std::move(refused));
    return {*this, nullptr};
  }
  auto cursor = database_.execute(sql, values);
  if (cursor) return {*this, *std::move(cursor)};
  (void)fail_by(cursor.error());
  return {*this, nullptr};
}

std::int64_t Transaction::run(std::string_view sql, std::initializer_list<Value> values) {
  return run(sql, Values(values.begin(), values.size()));
}

std::int64_t Transaction::run(std::string_view sql, Values values) {
  Rows rows = query(sql, values);
  if (failed()) return 0;
  auto more = rows.cursor_->next();
  while (more && *more) more = rows.cursor_->next();
  if (more) return rows.cursor_->changed();
  (void)fail_by(more.error());
  return 0;
}

std::int64_t Transaction::run_each(std::string_view sql, std::span<const std::vector<Value>> rows) {
  if (failed() || rows.empty()) return 0;
  for (const std::vector<Value>& row : rows) {
    auto refused = refusal(row);
    if (!refused) continue;
    (void)fail(*std::move(refused));
    return 0;
  }
  auto changed = database_.execute_each(sql, rows);
  if (changed) return *changed;
  (void)fail_by(changed.error());
  return 0;
}

std::int64_t Transaction::number(std::string_view sql, std::initializer_list<Value> values) {
  Rows rows = query(sql, values);
  return rows.next() ? rows.integer(0) : 0;
}

void Transaction::script(std::string_view sql) {
  if (failed()) return;
  auto done = database_.script(sql);
  if (!done) (void)fail_by(done.error());
}

Result<void> Transaction::commit() {
  if (!failed() && !open_) return Error(ErrorCode::internal, database_.name() + ": this transaction has ended already");
  if (!failed()) {
    auto committed = end_well();
    if (!committed) (void)fail_by(committed.error());
  }
  if (failed() && open_) roll_back();
  open_ = false;
  if (failed()) return *error_;
  return {};
}

}  // namespace landwaiter::storage
