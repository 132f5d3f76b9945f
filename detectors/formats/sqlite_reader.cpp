// SPDX-License-Identifier: Apache-2.0
// Follows "Defense Against The Dark Arts" of SQLite's documentation, for databases from untrusted sources.
#include "detectors/formats/sqlite_reader.hpp"

#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string_view>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::size_t kDatabaseHeaderBytes = 100;
/// SQLite VM instructions between two progress checks, and the number of checks per database: two million instructions read about 10,000
/// rows in less than half a second.
constexpr int kInstructionsAtOnce = 1000, kLooksMax = 2000;
/// What SQLite costs, for charge_work(): an instruction, a connection with its schema, a row.
constexpr std::uint64_t kInstructionUnits = 60, kOpenUnits = 150'000, kRowUnits = 1'000, kUnitsPerValueByte = 2;
/// One value: a certificate or a key, both far below.
constexpr int kValueBytesMax = 1 << 20;
constexpr int kSqlBytesMax = 16 * 1024, kColumnsMax = 500, kMachineOperationsMax = 25'000, kSqlDepthMax = 10;
/// Tables and indexes; NSS has seven.
constexpr int kSchemaRowsMax = 200;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

std::uint32_t big_endian(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out = out << 8U | bytes[at + i];
  return out;
}

int count_down(void* looks) {
  const bool earned = charge_work(kInstructionUnits * kInstructionsAtOnce);
  return --*static_cast<int*>(looks) < 0 || !earned ? 1 : 0;
}

void restrain(sqlite3* db) {
  for (const int switched_on : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE})
    sqlite3_db_config(db, switched_on, 1, nullptr);
  for (const int switched_off :
       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_DQS_DDL,
        SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_ENABLE_FKEY}) {
    sqlite3_db_config(db, switched_off, 0, nullptr);
  }
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, kSqlBytesMax);
  sqlite3_limit(db, SQLITE_LIMIT_COLUMN, kColumnsMax);
  sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, kSqlDepthMax);
  sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 1);
  sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, kMachineOperationsMax);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
  sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

std::string_view column_text(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return text == nullptr ? std::string_view() : std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
}

}  // namespace

std::optional<std::uint64_t> sqlite_database_size(ByteView bytes) {
  if (bytes.size() < kDatabaseHeaderBytes || as_text(bytes.first(kSqliteMagic.size())) != kSqliteMagic) return std::nullopt;
  constexpr std::size_t kPageSizeAt = 16, kPagesAt = 28;
  std::uint64_t page = big_endian(bytes, kPageSizeAt, 2);
  if (page == 1) page = 65536;
  const std::uint64_t pages = big_endian(bytes, kPagesAt, 4);
  const bool power = page >= 512 && (page & (page - 1)) == 0;
  if (!power || pages == 0) return std::nullopt;
  return page * pages;
}

struct SqliteReader::Impl {
  Bytes bytes;
  int looks_left = kLooksMax;
  std::unique_ptr<sqlite3, CloseDatabase> db;  ///< goes before the bytes

  Statement prepare(const std::string& sql) const {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db.get(), sql.c_str(), -1, &statement, nullptr);
    return Statement(statement);
  }

  /// Tables without expressions: each has the one pair of parentheses around its columns.
  bool simple() const {
    const Statement rows = prepare("SELECT type, sql FROM sqlite_schema");
    if (!rows) return false;
    int result = SQLITE_ROW;
    for (int i = 0; (result = sqlite3_step(rows.get())) == SQLITE_ROW; ++i) {
      const std::string_view type = column_text(rows.get(), 0), sql = column_text(rows.get(), 1);
      const bool own_index = type == "index" && sql.empty();
      const bool plain = type == "table" || type == "index";
      const bool known = sql.starts_with("CREATE TABLE ") || sql.starts_with("CREATE INDEX ") || sql.starts_with("CREATE UNIQUE INDEX ");
      if (i >= kSchemaRowsMax || (!own_index && (!plain || !known || std::ranges::count(sql, '(') != 1))) return false;
    }
    return result == SQLITE_DONE;
  }
};

SqliteReader::SqliteReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteReader::SqliteReader(SqliteReader&&) noexcept = default;
SqliteReader& SqliteReader::operator=(SqliteReader&&) noexcept = default;
SqliteReader::~SqliteReader() = default;

Result<SqliteReader> SqliteReader::open(ByteView database) {
  const Error no(ErrorCode::malformed, "not an SQLite database of simple tables");
  if (!sqlite_database_size(database) || database.size() > limits::object_bytes_max) return no;
  if (!charge_work(kOpenUnits + database.size())) return no;
  auto impl = std::make_unique<Impl>();
  impl->bytes.assign(database.begin(), database.end());
  // A database in WAL mode cannot be read from memory; its log is not part of the file anyway.
  constexpr std::size_t kWriteVersionAt = 18, kReadVersionAt = 19;
  impl->bytes[kWriteVersionAt] = impl->bytes[kReadVersionAt] = 1;
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr);
  impl->db.reset(db);
  if (opened != SQLITE_OK) return no;
  restrain(db);
  sqlite3_progress_handler(db, kInstructionsAtOnce, count_down, &impl->looks_left);
  const auto size = static_cast<sqlite3_int64>(impl->bytes.size());
  if (sqlite3_deserialize(db, "main", impl->bytes.data(), size, size, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) return no;
  for (const char* pragma : {"PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0", "PRAGMA temp_store=MEMORY", "PRAGMA cache_size=-1024"}) {
    sqlite3_exec(db, pragma, nullptr, nullptr, nullptr);
  }
  if (!impl->simple()) return no;
  return SqliteReader(std::move(impl));
}

bool SqliteReader::has_table(const std::string& name) {
  return sqlite3_table_column_metadata(impl_->db.get(), "main", name.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) ==
         SQLITE_OK;
}

bool SqliteReader::each_row(const std::string& table, const std::function<bool(const Row&)>& visit) {
  const Statement rows = impl_->prepare("SELECT * FROM main.\"" + table + '"');
  if (!rows) return false;
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(rows.get())) == SQLITE_ROW) {
    Row row;
    std::uint64_t bytes = 0;
    for (int i = 0; i < sqlite3_column_count(rows.get()); ++i) {
      const void* value = sqlite3_column_blob(rows.get(), i);
      const int size = sqlite3_column_bytes(rows.get(), i);
      bytes += static_cast<std::uint64_t>(size);
      if (value != nullptr && size > 0)
        row[sqlite3_column_name(rows.get(), i)] = ByteView(static_cast<const std::uint8_t*>(value), static_cast<std::size_t>(size));
    }
    if (!charge_work(kRowUnits + kUnitsPerValueByte * bytes)) return false;
    if (!visit(row)) return true;
  }
  return result == SQLITE_DONE;
}

}  // namespace landwaiter::detectors
