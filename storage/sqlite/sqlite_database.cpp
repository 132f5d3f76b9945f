// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/sqlite_database.hpp"

#include "core/os/files.hpp"

#include <sqlite3.h>

#include <unordered_map>
#include <utility>

namespace landwaiter::storage {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  const auto by_kind = [&](const auto& held) {
    using Held = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<Held, std::int64_t>) {
      return sqlite3_bind_int64(statement, index, held);
    } else if constexpr (std::is_same_v<Held, std::string_view>) {
      return sqlite3_bind_text64(statement, index, held.empty() ? "" : held.data(), held.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if constexpr (std::is_same_v<Held, ByteView>) {
      return held.empty() ? sqlite3_bind_zeroblob(statement, index, 0)
                          : sqlite3_bind_blob64(statement, index, held.data(), held.size(), SQLITE_TRANSIENT);
    } else {
      return sqlite3_bind_null(statement, index);
    }
  };
  return std::visit(by_kind, value.held());
}

class SqliteFile final : public SqliteDatabase {
 public:
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path, std::string name, const SqliteOptions& options) {
    std::unique_ptr<SqliteFile> database(new SqliteFile(std::move(name), options));
    sqlite3* raw = nullptr;
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int opened = sqlite3_open_v2(path.c_str(), &raw, kFlags, nullptr);
    database->handle_.reset(raw);
    if (opened != SQLITE_OK) return Error(ErrorCode::io, database->name_ + ": " + (raw ? sqlite3_errmsg(raw) : sqlite3_errstr(opened)));
    auto configured = database->configure(options);
    if (!configured) return configured.error();
    auto ours = database->refuse_older();
    if (!ours) return ours.error();
    return std::unique_ptr<SqliteDatabase>(std::move(database));
  }

  ~SqliteFile() override { idle_.clear(); }

  Dialect dialect() const override { return Dialect::sqlite; }
  const std::string& name() const override { return name_; }
  Result<void> give_back_space() override { return script("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);"); }

  Result<void> copy_to(const std::filesystem::path& file, const std::function<void(std::int64_t)>& progress) override {
    auto made = secure_private_file(file);
    if (!made) return made;
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    const std::unique_ptr<sqlite3, CloseDatabase> target(raw);
    if (opened != SQLITE_OK) return Error(ErrorCode::io, file.string() + ": " + sqlite3_errstr(opened));
    // A read that stays open holds one moment: without it, each commit of others would begin the copy again.
    auto reading = script("BEGIN; SELECT count(*) FROM sqlite_schema");
    if (!reading) return reading;
    const int copied = copy_pages(target.get(), progress);
    auto ended = script("COMMIT");
    if (copied != SQLITE_DONE) return Error(ErrorCode::io, file.string() + ": " + sqlite3_errstr(copied));
    return ended;
  }

 private:
  /// A statement on loan from the database's idle ones.
  class Loan final : public Cursor {
   public:
    Loan(SqliteFile& owner, std::string sql, StatementPtr statement)
        : owner_(owner), sql_(std::move(sql)), statement_(std::move(statement)), before_(sqlite3_total_changes64(owner.handle_.get())) {}
    ~Loan() override {
      sqlite3_reset(statement_.get());
      sqlite3_clear_bindings(statement_.get());
      owner_.idle_[std::move(sql_)] = std::move(statement_);
    }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    sqlite3_stmt* statement() const { return statement_.get(); }

    Result<bool> next() override {
      owner_.begin_deadline();
      const int state = sqlite3_step(statement_.get());
      if (state == SQLITE_ROW) return true;
      if (state != SQLITE_DONE) return owner_.error();
      return false;
    }
    bool is_null(int column) const override { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
    std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_.get(), column); }
    ByteView bytes(int column) const override {
      const void* data = sqlite3_column_blob(statement_.get(), column);
      const int size = sqlite3_column_bytes(statement_.get(), column);
      if (data == nullptr || size <= 0) return {};
      return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
    }
    /// changes() keeps its old value when the statement changed nothing through a conflict clause.
    std::int64_t changed() const override {
      sqlite3* const handle = owner_.handle_.get();
      return sqlite3_total_changes64(handle) == before_ ? 0 : sqlite3_changes64(handle);
    }

   private:
    SqliteFile& owner_;
    std::string sql_;
    StatementPtr statement_;
    std::int64_t before_;
  };

  SqliteFile(std::string name, const SqliteOptions& options) : name_(std::move(name)), time_max_(options.statement_time_max) {}

  Result<void> configure(const SqliteOptions& options) {
    sqlite3_busy_timeout(handle_.get(), static_cast<int>(options.busy_timeout.count()));
    // A hostile or damaged file must not run code through its schema, nor may double-quoted text pass as a string.
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    if (time_max_.count() > 0) {
      constexpr int kStepsBetween = 10'000;
      sqlite3_progress_handler(handle_.get(), kStepsBetween, out_of_time, this);
    }
    return script(std::string("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA synchronous=") +
                  (options.survive_power_cut ? "FULL;" : "NORMAL;"));
  }

  /// Before there was schema_version, user_version counted.
  Result<void> refuse_older() {
    auto statement = prepare("PRAGMA user_version");
    if (!statement) return statement.error();
    if (sqlite3_step(statement->get()) != SQLITE_ROW) return error();
    if (sqlite3_column_int64(statement->get(), 0) == 0) return {};
    return Error(ErrorCode::io,
                 name_ + ": made by an older version of this program, whose data cannot be taken over: delete it together with " + name_ +
                     "-wal and " + name_ + "-shm, or name another state folder, and start again");
  }

  /// SQLITE_DONE, or the error's code.
  int copy_pages(sqlite3* target, const std::function<void(std::int64_t)>& progress) {
    constexpr int kPagesAtOnce = 1024;
    sqlite3_backup* const backup = sqlite3_backup_init(target, "main", handle_.get(), "main");
    if (backup == nullptr) return sqlite3_extended_errcode(target);
    int state = SQLITE_OK;
    while (state == SQLITE_OK) {
      state = sqlite3_backup_step(backup, kPagesAtOnce);
      if (progress) progress(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup));
    }
    const int finished = sqlite3_backup_finish(backup);
    return finished == SQLITE_OK ? state : finished;
  }

  static int out_of_time(void* self) { return SteadyClock::now() > static_cast<SqliteFile*>(self)->deadline_ ? 1 : 0; }
  void begin_deadline() {
    if (time_max_.count() > 0) deadline_ = SteadyClock::now() + time_max_;
  }

  Error error() {
    const int code = sqlite3_extended_errcode(handle_.get());
    Failure why = Failure::other;
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) why = Failure::uniqueness;
    if ((code & 0xff) == SQLITE_BUSY) why = Failure::contention;
    if (code == SQLITE_INTERRUPT) why = Failure::deadline;
    return failed(why, why == Failure::deadline ? "a statement took too long" : sqlite3_errmsg(handle_.get()));
  }

  Result<StatementPtr> prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int state = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    StatementPtr statement(raw);
    if (state != SQLITE_OK) return error();
    return statement;
  }

  Result<std::unique_ptr<Loan>> borrow(std::string_view sql) {
    std::string text(sql);
    if (const auto found = idle_.find(text); found != idle_.end()) {
      StatementPtr statement = std::move(found->second);
      idle_.erase(found);
      return std::make_unique<Loan>(*this, std::move(text), std::move(statement));
    }
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    return std::make_unique<Loan>(*this, std::move(text), *std::move(statement));
  }

  Result<void> bind_all(sqlite3_stmt* statement, Values values) {
    int index = 0;
    for (const Value& value : values) {
      if (bind(statement, ++index, value) != SQLITE_OK) return error();
    }
    return {};
  }

  Result<void> begin(Access access) override { return script(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE"); }
  Result<void> commit() override { return script("COMMIT"); }
  void roll_back() override { (void)script("ROLLBACK"); }

  Result<void> script(std::string_view sql) override {
    begin_deadline();
    if (sqlite3_exec(handle_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
    return {};
  }

  Result<std::unique_ptr<Cursor>> execute(std::string_view sql, Values values) override {
    auto loan = borrow(sql);
    if (!loan) return loan.error();
    auto bound = bind_all((*loan)->statement(), values);
    if (!bound) return bound.error();
    return std::unique_ptr<Cursor>(*std::move(loan));
  }

  Result<std::int64_t> execute_each(std::string_view sql, std::span<const std::vector<Value>> rows) override {
    auto loan = borrow(sql);
    if (!loan) return loan.error();
    sqlite3_stmt* const statement = (*loan)->statement();
    const std::int64_t before = sqlite3_total_changes64(handle_.get());
    for (const std::vector<Value>& row : rows) {
      auto bound = bind_all(statement, row);
      if (!bound) return bound.error();
      auto more = (*loan)->next();
      while (more && *more) more = (*loan)->next();
      if (!more) return more.error();
      sqlite3_reset(statement);
    }
    return sqlite3_total_changes64(handle_.get()) - before;
  }

  std::string name_;
  std::chrono::milliseconds time_max_;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  std::unique_ptr<sqlite3, CloseDatabase> handle_;
  /// Statements at rest, ready for the next use; one in use is taken out.
  std::unordered_map<std::string, StatementPtr> idle_;
};

}  // namespace

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::filesystem::path& file, const SqliteOptions& options) {
  auto directory = make_private_directory(file.parent_path());
  if (!directory) return directory.error();
  // SQLite would make the file with the umask's mode; its -wal and -shm files take over the mode of the file itself. A file that is
  // there must not be opened by us: with its descriptor the locks of SQLite's other connections would go, and the next process to close
  // the database would delete the log that they write to.
  auto made = secure_private_file(file);
  if (!made) return made.error();
  return SqliteFile::open(file.string(), file.string(), options);
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open_in_memory() { return SqliteFile::open(":memory:", ":memory:", {}); }

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open_temporary() {
  return SqliteFile::open("", "temporary file (TMPDIR names the folder for it)", {});
}

std::string sqlite_version() { return sqlite3_libversion(); }

}  // namespace landwaiter::storage
