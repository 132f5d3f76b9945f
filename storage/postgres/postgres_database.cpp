// SPDX-License-Identifier: Apache-2.0
// libpq: https://www.postgresql.org/docs/15/libpq.html; SQLSTATE: appendix A of the same.
#include "storage/postgres/postgres_database.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/placeholders.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <unordered_map>
#include <utility>

namespace landwaiter::storage {
namespace {

constexpr int kOldestServer = 150000;
constexpr Oid kUnknownType = 0, kByteaType = 17, kInt8Type = 20, kTextType = 25;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

/// The values of one statement as libpq takes them: numbers and text as text, bytes as they are.
class Parameters {
 public:
  explicit Parameters(Values values) {
    numbers_.reserve(values.size());  // so that their texts stay where they are
    for (const Value& value : values) std::visit([this](const auto& held) { add(held); }, value.held());
  }

  int count() const { return static_cast<int>(data_.size()); }
  const char* const* data() const { return data_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  const Oid* types() const { return types_.data(); }

 private:
  void add(std::nullptr_t) { add(nullptr, 0, 0, kUnknownType); }
  void add(std::int64_t number) { add(numbers_.emplace_back(std::to_string(number)).c_str(), 0, 0, kInt8Type); }
  void add(ByteView bytes) { add(bytes.empty() ? "" : reinterpret_cast<const char*>(bytes.data()), bytes.size(), 1, kByteaType); }
  /// libpq wants a NUL behind it, which a view need not have.
  void add(std::string_view text) { add(texts_.emplace_back(std::make_unique<std::string>(text))->c_str(), 0, 0, kTextType); }
  void add(const char* data, std::size_t length, int format, Oid type) {
    types_.push_back(type);
    data_.push_back(data);
    lengths_.push_back(static_cast<int>(length));
    formats_.push_back(format);
  }

  std::vector<std::string> numbers_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<const char*> data_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<Oid> types_;
};

Failure failure_of(std::string_view state, bool connected) {
  if (state == "23505" || state == "42710" || state == "42P07") return Failure::uniqueness;  // a row, a type, a table
  if (state == "40001" || state == "40P01" || state == "55P03") return Failure::contention;
  if (state == "57014") return Failure::deadline;
  // A server that stops or has too many connections, a transaction that it ended; and classes 08 and 53.
  if (!connected || state.starts_with("08") || state.starts_with("53") || state.starts_with("57P") || state == "25P03") {
    return Failure::connection;
  }
  return Failure::other;
}

std::int64_t number_of(std::string_view text) {
  if (text == "t") return 1;
  std::int64_t number = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), number);  // the whole part of a decimal
  return number;
}

/// All rows of a statement: they are here before the first is asked for.
class FetchedRows final : public Cursor {
 public:
  explicit FetchedRows(ResultPtr result) : result_(std::move(result)), rows_(PQntuples(result_.get())) {}

  Result<bool> next() override {
    decoded_.clear();
    return ++row_ < rows_;
  }
  bool is_null(int column) const override { return PQgetisnull(result_.get(), row_, column) != 0; }
  std::int64_t integer(int column) const override { return number_of(text(column)); }
  ByteView bytes(int column) const override {
    if (PQftype(result_.get(), column) != kByteaType) return as_bytes(text(column));
    // "\x" and hexadecimal digits.
    const std::string_view hex = text(column);
    const auto [place, fresh] = decoded_.try_emplace(column);
    if (fresh && hex.size() > 2) place->second = hex_decode(hex.substr(2)).value_or(Bytes());
    return place->second;
  }
  std::int64_t changed() const override { return number_of(PQcmdTuples(result_.get())); }

 private:
  std::string_view text(int column) const {
    return {PQgetvalue(result_.get(), row_, column), static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
  }

  ResultPtr result_;
  int rows_;
  int row_ = -1;
  mutable std::unordered_map<int, Bytes> decoded_;  ///< of this row, by column
};

class PostgresConnection final : public Database {
 public:
  explicit PostgresConnection(PostgresOptions options) : options_(std::move(options)) {}

  Result<void> connect() {
    connection_ = connect_to_postgres(options_.address);
    prepared_.clear();
    if (!connection_) return Error(ErrorCode::internal, "libpq has no memory");
    name_this();
    return set_up();
  }

  Dialect dialect() const override { return Dialect::postgres; }
  const std::string& name() const override { return name_; }

 private:
  void name_this() {
    const auto text = [](const char* said) { return std::string(said == nullptr ? "" : said); };
    name_ = "PostgreSQL at " + printable(text(PQhost(connection_.get()))) + ":" + text(PQport(connection_.get())) + "/" +
            printable(text(PQdb(connection_.get())));
  }

  Result<void> set_up() {
    if (PQstatus(connection_.get()) != CONNECTION_OK) return error(nullptr);
    if (PQserverVersion(connection_.get()) < kOldestServer) {
      return Error(ErrorCode::unsupported, name_ + ": its version is older than PostgreSQL 15");
    }
    const auto ms = [](std::chrono::milliseconds time) { return std::to_string(time.count()); };
    return simple("SET statement_timeout=" + ms(options_.statement_time_max) + ";SET lock_timeout=" + ms(options_.lock_time_max) +
                  ";SET idle_in_transaction_session_timeout=10000;SET bytea_output=hex;SET standard_conforming_strings=on");
  }

  Error error(const PGresult* result) {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* primary = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const bool connected = PQstatus(connection_.get()) == CONNECTION_OK;
    const std::string_view said = primary != nullptr ? primary : PQerrorMessage(connection_.get());
    return failed(failure_of(state == nullptr ? "" : state, connected), printable(trim(said)));
  }

  Result<void> check(const PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    return error(result);
  }

  Result<void> simple(const std::string& sql) {
    const ResultPtr result(PQexec(connection_.get(), sql.c_str()));
    return check(result.get());
  }

  Result<void> begin(Access access) override {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      auto connected = connect();
      if (!connected) return connected;
    }
    switch (access) {
      case Access::read: return simple("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      case Access::light_write: return simple("BEGIN;SET LOCAL synchronous_commit=off");
      default: return simple("BEGIN");
    }
  }

  Result<void> commit() override {
    const ResultPtr result(PQexec(connection_.get(), "COMMIT"));
    auto ended = check(result.get());
    if (!ended) return ended;
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return {};
    return failed(Failure::other, "the transaction was rolled back");
  }

  void roll_back() override { (void)simple("ROLLBACK"); }
  Result<void> script(std::string_view sql) override { return simple(in_postgres_words(sql)); }

  /// The name under which it is prepared. Parameters have the types of the first values; one that is NULL then, what it is used as.
  Result<std::string> prepare(std::string_view sql, const Parameters& parameters) {
    std::string text(sql);
    if (const auto found = prepared_.find(text); found != prepared_.end()) return found->second;
    std::string name = "s" + std::to_string(prepared_.size());
    const ResultPtr result(
        PQprepare(connection_.get(), name.c_str(), numbered_placeholders(sql).c_str(), parameters.count(), parameters.types()));
    auto done = check(result.get());
    if (!done) return done.error();
    prepared_.emplace(std::move(text), name);
    return name;
  }

  Result<std::unique_ptr<Cursor>> execute(std::string_view sql, Values values) override {
    const Parameters parameters(values);
    ResultPtr result;
    if (options_.prepare_statements) {
      const auto name = prepare(sql, parameters);
      if (!name) return name.error();
      result.reset(PQexecPrepared(connection_.get(), name->c_str(), parameters.count(), parameters.data(), parameters.lengths(),
                                  parameters.formats(), 0));
    } else {
      result.reset(PQexecParams(connection_.get(), numbered_placeholders(sql).c_str(), parameters.count(), parameters.types(),
                                parameters.data(), parameters.lengths(), parameters.formats(), 0));
    }
    auto done = check(result.get());
    if (!done) return done.error();
    return std::unique_ptr<Cursor>(std::make_unique<FetchedRows>(std::move(result)));
  }

  Result<std::int64_t> execute_each(std::string_view sql, std::span<const std::vector<Value>> rows) override {
    // While both sides send and nobody reads they would wait for each other: what is answered to so many fits into the socket's buffers.
    constexpr std::size_t kAtOnce = 100;
    std::int64_t changed = 0;
    while (!rows.empty()) {
      const auto some = rows.first(std::min(kAtOnce, rows.size()));
      auto done = pipeline(sql, some);
      if (!done) return done.error();
      changed += *done;
      rows = rows.subspan(some.size());
    }
    return changed;
  }

  Result<std::int64_t> pipeline(std::string_view sql, std::span<const std::vector<Value>> rows) {
    std::string name;
    if (options_.prepare_statements) {
      auto prepared = prepare(sql, Parameters(rows.front()));
      if (!prepared) return prepared.error();
      name = *std::move(prepared);
    }
    if (PQenterPipelineMode(connection_.get()) != 1) return error(nullptr);
    const bool sent = send_all(name, numbered_placeholders(sql), rows) && PQpipelineSync(connection_.get()) == 1;
    auto changed = sent ? receive_all() : Result<std::int64_t>(error(nullptr));
    PQexitPipelineMode(connection_.get());
    return changed;
  }

  /// With an empty name the statement is prepared again for each.
  bool send_all(const std::string& name, const std::string& sql, std::span<const std::vector<Value>> rows) {
    return std::ranges::all_of(rows, [&](const std::vector<Value>& row) {
      const Parameters parameters(row);
      if (!name.empty()) {
        return PQsendQueryPrepared(connection_.get(), name.c_str(), parameters.count(), parameters.data(), parameters.lengths(),
                                   parameters.formats(), 0) == 1;
      }
      return PQsendQueryParams(connection_.get(), sql.c_str(), parameters.count(), parameters.types(), parameters.data(),
                               parameters.lengths(), parameters.formats(), 0) == 1;
    });
  }

  /// Up to the end of the pipeline, also after an error.
  Result<std::int64_t> receive_all() {
    Result<std::int64_t> changed = std::int64_t{0};
    while (true) {
      const ResultPtr result(PQgetResult(connection_.get()));
      if (!result) {
        // Between two statements; a connection that is gone gives nothing else any more.
        if (PQstatus(connection_.get()) == CONNECTION_OK) continue;
        return changed ? Result<std::int64_t>(error(nullptr)) : changed;
      }
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_PIPELINE_SYNC) return changed;
      if (status == PGRES_PIPELINE_ABORTED || !changed) continue;
      auto done = check(result.get());
      if (done) changed = *changed + number_of(PQcmdTuples(result.get()));
      else changed = done.error();
    }
  }

  PostgresOptions options_;
  std::string name_ = "PostgreSQL";
  ConnectionPtr connection_;
  std::unordered_map<std::string, std::string> prepared_;  ///< names, by the statement
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options) {
  auto valid = check_postgres_address(options.address);
  if (!valid) return valid.error();
  auto database = std::make_unique<PostgresConnection>(options);
  auto connected = database->connect();
  if (!connected) return connected.error();
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace landwaiter::storage
