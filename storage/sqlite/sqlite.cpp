// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/sqlite.hpp"

#include "core/os/files.hpp"

#include <sqlite3.h>

#include <unordered_map>

namespace landwaiter::storage {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace

struct Database::Impl {
  std::string name;
  std::unique_ptr<sqlite3, CloseDatabase> handle;
  /// Statements at rest, ready for the next use; one in use is taken out.
  std::unordered_map<std::string, StatementPtr> idle;

  Error error() const { return {ErrorCode::io, name + ": " + sqlite3_errmsg(handle.get())}; }

  Result<void> script(const std::string& sql) {
    if (sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
    return {};
  }

  Result<void> configure(const DatabaseOptions& options) {
    sqlite3_busy_timeout(handle.get(), static_cast<int>(options.busy_timeout.count()));
    // A hostile or damaged file must not run code through its schema, nor may double-quoted text pass as a string.
    sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    return script(std::string("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA synchronous=") +
                  (options.survive_power_cut ? "FULL;" : "NORMAL;"));
  }

  /// The check and the script are in one transaction, so two processes that open the file at once do not both migrate it.
  Result<bool> migrate_one_step(std::span<const std::string_view> migrations, std::int64_t first_version) {
    auto begun = script("BEGIN IMMEDIATE;");
    if (!begun) return begun.error();
    auto step = [&]() -> Result<bool> {
      auto next = next_migration(migrations.size(), first_version);
      if (!next) return next.error();
      if (*next == migrations.size()) return false;
      auto run = script(std::string(migrations[*next]) +
                        ";PRAGMA user_version=" + std::to_string(first_version + static_cast<std::int64_t>(*next) + 1) + ";");
      if (!run) return run.error();
      return true;
    }();
    auto ended = script(step ? "COMMIT;" : "ROLLBACK;");
    if (step && !ended) return ended.error();
    return step;
  }

  /// The number of the migration to run now; `count` when there is none left.
  Result<std::size_t> next_migration(std::size_t count, std::int64_t first_version) {
    const auto version = user_version();
    if (!version) return version.error();
    const std::int64_t newest = first_version + static_cast<std::int64_t>(count);
    if (*version > newest) {
      return Error(ErrorCode::io, name + ": made by a newer version of this program (schema " + std::to_string(*version) +
                                      ", this program knows " + std::to_string(newest) + ")");
    }
    if (*version == 0) return std::size_t{0};
    if (*version <= first_version && first_version > 0) {
      return Error(ErrorCode::io,
                   name + ": made by an older version of this program, whose data cannot be taken over: delete it together with " + name +
                       "-wal and " + name + "-shm, or name another state folder, and start again");
    }
    return static_cast<std::size_t>(*version - first_version);
  }

  Result<std::int64_t> user_version() {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle.get(), "PRAGMA user_version", -1, &raw, nullptr) != SQLITE_OK) return error();
    const StatementPtr statement(raw);
    if (sqlite3_step(raw) != SQLITE_ROW) return error();
    return sqlite3_column_int64(raw, 0);
  }
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::~Database() { impl_->idle.clear(); }

Result<std::unique_ptr<Database>> Database::open_and_migrate(const std::string& name, std::span<const std::string_view> migrations,
                                                             const DatabaseOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->name = name;
  sqlite3* raw = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int opened = sqlite3_open_v2(name.c_str(), &raw, kFlags, nullptr);
  impl->handle.reset(raw);
  if (opened != SQLITE_OK) return Error(ErrorCode::io, name + ": " + (raw ? sqlite3_errmsg(raw) : sqlite3_errstr(opened)));
  auto configured = impl->configure(options);
  if (!configured) return configured.error();
  while (true) {
    auto more = impl->migrate_one_step(migrations, options.first_version);
    if (!more) return more.error();
    if (!*more) break;
  }
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, std::span<const std::string_view> migrations,
                                                 const DatabaseOptions& options) {
  auto directory = make_private_directory(file.parent_path());
  if (!directory) return directory.error();
  // SQLite would make the file with the umask's mode; its -wal and -shm files take over the mode of the file itself. A file that is
  // there must not be opened by us: with its descriptor the locks of SQLite's other connections would go, and the next process to close
  // the database would delete the log that they write to.
  auto made = secure_private_file(file);
  if (!made) return made.error();
  return open_and_migrate(file.string(), migrations, options);
}

Result<std::unique_ptr<Database>> Database::open_in_memory(std::span<const std::string_view> migrations) {
  return open_and_migrate(":memory:", migrations, {});
}

Result<std::unique_ptr<Database>> Database::open_temporary(std::span<const std::string_view> migrations) {
  auto database = open_and_migrate("", migrations, {});
  if (database) (*database)->impl_->name = "temporary file (TMPDIR names the folder for it)";
  return database;
}

Result<void> Database::give_back_space() { return impl_->script("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);"); }

/// A statement on loan from the database's idle ones.
struct Rows::Cursor {
  Database::Impl& database;
  std::string sql;
  StatementPtr statement;

  Cursor(Database::Impl& owner, std::string text, StatementPtr prepared)
      : database(owner), sql(std::move(text)), statement(std::move(prepared)) {}
  ~Cursor() {
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    database.idle[std::move(sql)] = std::move(statement);
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
};

Rows::Rows(Transaction* transaction, std::unique_ptr<Cursor> cursor) : transaction_(transaction), cursor_(std::move(cursor)) {}
Rows::Rows(Rows&& other) noexcept = default;
Rows::~Rows() = default;

bool Rows::next() {
  if (!cursor_ || transaction_->failed()) return false;
  const int state = sqlite3_step(cursor_->statement.get());
  if (state == SQLITE_ROW) return true;
  if (state != SQLITE_DONE) (void)transaction_->fail(cursor_->database.error());
  cursor_.reset();
  return false;
}

bool Rows::is_null(int column) const { return sqlite3_column_type(cursor_->statement.get(), column) == SQLITE_NULL; }
std::int64_t Rows::integer(int column) const { return sqlite3_column_int64(cursor_->statement.get(), column); }
std::string Rows::text(int column) const { return std::string(as_text(bytes(column))); }

ByteView Rows::bytes(int column) const {
  const void* data = sqlite3_column_blob(cursor_->statement.get(), column);
  const int size = sqlite3_column_bytes(cursor_->statement.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

Transaction::Transaction(Database& database, Kind kind) : database_(*database.impl_) {
  auto begun = database_.script(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
  if (begun) {
    open_ = true;
  } else {
    failure_ = begun.error();
  }
}

Transaction::~Transaction() {
  if (open_) (void)database_.script("ROLLBACK");
}

Error Transaction::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
  return *failure_;
}

std::unique_ptr<Rows::Cursor> Transaction::prepare(std::string_view sql, std::initializer_list<Value> values) {
  if (failed()) return nullptr;
  std::string text(sql);
  StatementPtr statement;
  if (const auto found = database_.idle.find(text); found != database_.idle.end()) {
    statement = std::move(found->second);
    database_.idle.erase(found);
  }
  if (!statement) {
    sqlite3_stmt* raw = nullptr;
    const int state =
        sqlite3_prepare_v3(database_.handle.get(), text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    statement.reset(raw);
    if (state != SQLITE_OK) {
      (void)fail(database_.error());
      return nullptr;
    }
  }
  auto cursor = std::make_unique<Rows::Cursor>(database_, std::move(text), std::move(statement));
  sqlite3_stmt* const raw = cursor->statement.get();
  int index = 0;
  for (const Value& value : values) {
    ++index;
    const auto bind = [&](const auto& held) {
      using Held = std::decay_t<decltype(held)>;
      if constexpr (std::is_same_v<Held, std::int64_t>) {
        return sqlite3_bind_int64(raw, index, held);
      } else if constexpr (std::is_same_v<Held, std::string_view>) {
        return sqlite3_bind_text64(raw, index, held.empty() ? "" : held.data(), held.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      } else if constexpr (std::is_same_v<Held, ByteView>) {
        return held.empty() ? sqlite3_bind_zeroblob(raw, index, 0)
                            : sqlite3_bind_blob64(raw, index, held.data(), held.size(), SQLITE_TRANSIENT);
      } else {
        return sqlite3_bind_null(raw, index);
      }
    };
    if (std::visit(bind, value.value_) != SQLITE_OK) {
      (void)fail(database_.error());
      return nullptr;
    }
  }
  return cursor;
}

Rows Transaction::query(std::string_view sql, std::initializer_list<Value> values) { return {this, prepare(sql, values)}; }

std::int64_t Transaction::run(std::string_view sql, std::initializer_list<Value> values) {
  Rows rows(this, prepare(sql, values));
  if (failed()) return 0;
  const std::int64_t before = sqlite3_total_changes64(database_.handle.get());
  while (rows.next()) {
  }
  // changes() keeps its old value when the statement changed nothing through a conflict clause.
  return failed() || sqlite3_total_changes64(database_.handle.get()) == before ? 0 : sqlite3_changes64(database_.handle.get());
}

std::int64_t Transaction::number(std::string_view sql, std::initializer_list<Value> values) {
  Rows rows = query(sql, values);
  return rows.next() ? rows.integer(0) : 0;
}

Result<void> Transaction::commit() {
  if (!failure_ && !open_) return Error(ErrorCode::internal, database_.name + ": this transaction has ended already");
  if (failure_) {
    if (open_) (void)database_.script("ROLLBACK");
    open_ = false;
    return *failure_;
  }
  auto committed = database_.script("COMMIT");
  if (!committed) {
    (void)database_.script("ROLLBACK");
    failure_ = committed.error();
  }
  open_ = false;
  return committed;
}

std::string sqlite_version() { return sqlite3_libversion(); }

}  // namespace landwaiter::storage
