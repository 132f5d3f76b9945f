// SPDX-License-Identifier: Apache-2.0
// Every statement of the store is planned on both engines: none may read a whole large table.
#include "platform/store/content/claims.hpp"
#include "platform/store/content/findings.hpp"
#include "platform/store/content/images.hpp"
#include "platform/store/content/interned.hpp"
#include "platform/store/content/layers.hpp"
#include "platform/store/content/retention.hpp"
#include "platform/store/inventory.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/queue.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/scans.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/sensors.hpp"
#include "storage/compress.hpp"
#include "storage/database/migrations.hpp"
#include "tests/platform/support/queue_world.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <optional>
#include <regex>
#include <set>

namespace landwaiter::test {
namespace {

using platform::Transaction;
using storage::Database;
using storage::Dialect;
using storage::Rows;
using storage::Value;
using storage::Values;

const std::set<std::string> kLarge{"finding", "finding_registry", "finding_variant", "image", "image_finding", "image_layer", "job",
                                   "layer",   "layer_finding",    "layer_report",    "tag",   "tag_move",      "scan_item"};

/// A statement with its first values, which give its parameters their types.
struct Statement {
  std::string sql;
  std::vector<std::optional<std::variant<std::int64_t, std::string, Bytes>>> values;
};

class FetchedOne final : public storage::Cursor {
 public:
  explicit FetchedOne(Rows rows) : rows_(std::move(rows)) {}
  Result<bool> next() override { return rows_.next(); }
  bool is_null(int column) const override { return rows_.is_null(column); }
  std::int64_t integer(int column) const override { return rows_.integer(column); }
  ByteView bytes(int column) const override { return rows_.bytes(column); }
  std::int64_t changed() const override { return 0; }

 private:
  Rows rows_;
};

/// Of a statement that changes rows and returns none.
class Changed final : public storage::Cursor {
 public:
  explicit Changed(std::int64_t count) : count_(count) {}
  Result<bool> next() override { return false; }
  bool is_null(int) const override { return true; }
  std::int64_t integer(int) const override { return 0; }
  ByteView bytes(int) const override { return {}; }
  std::int64_t changed() const override { return count_; }

 private:
  std::int64_t count_;
};

bool returns_rows(std::string_view sql) {
  static const std::regex kChanges("INSERT INTO |DELETE FROM |UPDATE [a-z_]+ ");
  return sql.find("RETURNING") != std::string_view::npos || !std::regex_search(sql.begin(), sql.end(), kChanges);
}

/// Notes each statement on its way to the engine.
class NotedDatabase final : public Database {
 public:
  explicit NotedDatabase(Database& inner) : inner_(inner) {}
  Dialect dialect() const override { return inner_.dialect(); }
  const std::string& name() const override { return inner_.name(); }

  std::map<std::string, Statement> statements;

 private:
  Result<void> begin(storage::Access access) override {
    under_.emplace(inner_, access);
    return {};
  }
  Result<void> commit() override { return under_->commit(); }
  void roll_back() override { under_.reset(); }
  Result<std::unique_ptr<storage::Cursor>> execute(std::string_view sql, Values values) override {
    note(sql, values);
    std::unique_ptr<storage::Cursor> cursor;
    if (returns_rows(sql)) cursor = std::make_unique<FetchedOne>(under_->query(sql, values));
    else cursor = std::make_unique<Changed>(under_->run(sql, values));
    if (under_->failed()) return under_->fail(Error(ErrorCode::io, "")).with_context(std::string(sql));
    return cursor;
  }
  Result<std::int64_t> execute_each(std::string_view sql, std::span<const std::vector<Value>> rows) override {
    note(sql, rows.front());
    const std::int64_t changed = under_->run_each(sql, rows);
    if (under_->failed()) return under_->fail(Error(ErrorCode::io, "")).with_context(std::string(sql));
    return changed;
  }
  Result<void> script(std::string_view) override { return Error(ErrorCode::internal, "no script here"); }

  void note(std::string_view sql, Values values) {
    Statement statement{std::string(sql), {}};
    for (const Value& value : values) {
      auto& kept = statement.values.emplace_back();
      if (const auto* number = std::get_if<std::int64_t>(&value.held())) kept = *number;
      if (const auto* text = std::get_if<std::string_view>(&value.held())) kept = std::string(*text);
      if (const auto* bytes = std::get_if<ByteView>(&value.held())) kept = Bytes(bytes->begin(), bytes->end());
    }
    statements.emplace(statement.sql, std::move(statement));
  }

  Database& inner_;
  std::optional<Transaction> under_;
};

void put_layer(Transaction& transaction, const LayerReport& report, SystemTime now) {
  const Bytes text = storage::zstd_compress(dump_json(report));
  const Bytes facts = storage::zstd_compress(dump_json(layer_facts("l")));
  REQUIRE(platform::put_layer_report(transaction, report, text, "s", now).has_value());
  REQUIRE(platform::put_layer_facts(transaction, report.layer, engine_at().walker, {}, facts, "s", now).has_value());
}

protocol::ImageCompletion completed(const std::string& image, const std::vector<std::string>& layers) {
  auto body = convert_json<protocol::ImageCompletion>(completion(image, layers), "a completion").value();
  Finding finding = layer_report("own").findings[1];
  finding.occurrences = {{"env[0]", {}, 0, {}, std::nullopt, Where::config}};
  body.facts.findings = {std::move(finding)};
  return body;
}

platform::LeasedJob taken(Transaction& transaction, const QueueWorld& world, const protocol::Job& job) {
  return platform::leased_job(transaction, job.id, job.lease_token, "s", world.terms).value();
}

/// A scan from its listing to its end.
void scan_everything(Transaction& transaction, QueueWorld& world) {
  const SystemTime now = world.terms.now;
  const auto listing = world.acquire(transaction, "s", 1, "a request").at(0);
  platform::SensorKeys keys;
  keys.states = engine_at().states;
  for (const char* image : {"one", "two", "three"}) {
    const auto listed = convert_json<protocol::InventoryPage>(page({item("app", "1", image)}, image[1] == 'h'), "a page").value();
    REQUIRE(platform::store_inventory(transaction, taken(transaction, world, listing), listed, keys, now).has_value());
  }
  const auto jobs = world.acquire(transaction, "s", 3);
  REQUIRE(jobs.size() == 3);
  protocol::Heartbeat beat{.version = "1", .protocols = {1}, .states = engine_at().states, .jobs = {}};
  for (const protocol::Job& job : jobs) beat.jobs.push_back({job.id, job.lease_token, 1, 1, 1, 1});
  (void)platform::heartbeat(transaction, "s", beat, world.terms);
  const auto first = taken(transaction, world, jobs[0]);
  const protocol::LayerClaim claim{Secret("t"), engine_at(), {digest("l"), digest("m")}, false};
  CHECK(platform::claim_layers(transaction, first, claim, now).claimed.size() == 2);
  put_layer(transaction, layer_report("l"), now);
  put_layer(transaction, layer_report("m"), now);
  for (const char* image : {"one", "two"}) {
    CHECK(platform::complete_image(transaction, first, completed(image, {"l", "m"}), now).empty());
    CHECK(platform::complete_image(transaction, first, completed(image, {"l"}), now).empty());
  }
  platform::fail_job(transaction, taken(transaction, world, jobs[1]), {.retryable = true, .reason = "r"}, now);
  platform::fail_job(transaction, taken(transaction, world, jobs[2]), {.code = ErrorCode::not_found, .reason = "r"}, now);
}

/// All that writes.
void write_everything(Transaction& transaction, QueueWorld& world, const std::string& cancelled) {
  const SystemTime now = world.terms.now;
  platform::note_sensor(transaction, "s", "1", engine_at().states, now);
  REQUIRE(platform::cancel_scan(transaction, cancelled, now).has_value());
  scan_everything(transaction, world);
  for (const auto later : {std::chrono::hours(0), std::chrono::hours(1)}) {
    (void)platform::sweep(transaction, {now + later, world.terms.length});
  }
  platform::RetentionRound round;
  (void)platform::drop_outdated(transaction, round, {}, now);
  (void)platform::drop_outdated(transaction, round, {}, now + std::chrono::hours(24 * 365));
}

/// What the API says of scans and sensors.
void read_scans(Transaction& transaction, const std::string& scan) {
  (void)platform::scan_json(transaction, scan);
  for (const char* state : {"", "finished"}) {
    for (const std::string& after : {std::string(), scan}) (void)platform::list_scans(transaction, state, after, 10);
  }
  for (const char* state : {"", "pending", "scanned"}) (void)platform::list_scan_items(transaction, scan, state, 1, 10);
  (void)platform::list_sensors(transaction, "", 10);
  (void)platform::images_of_scan(transaction, scan, 10);
}

/// All that reads, with each filter.
void read_everything(Transaction& transaction) {
  for (const char* type : {"", "certificate"}) {
    for (const std::string& image : {std::string(), digest("one").str()}) {
      for (const char* registry : {"", "r"}) {
        const platform::FindingQuery query{
            .type = type, .severity = Severity::low, .q = "of", .image = image, .registry = registry, .page_token = "1:1"};
        CHECK(platform::list_findings(transaction, query).has_value());
      }
    }
  }
  const AssessContext context{};
  (void)platform::finding_json(transaction, nullptr, "none", "", 0, 10, context);
  (void)platform::finding_json(transaction, nullptr, "none", "certificate", 0, 10, context);
  for (const std::optional<CoverageState>& coverage :
       {std::optional<CoverageState>(), std::optional(CoverageState::complete), std::optional(CoverageState::incomplete)}) {
    for (const std::string& q : {std::string(), std::string("app"), digest("one").str()}) {
      (void)platform::list_images(transaction, {.q = q, .coverage = coverage, .before = 9, .page_size = 10});
    }
  }
  (void)platform::image_report(transaction, nullptr, digest("one"));
}

/// The tables by the names that a statement gives them.
std::map<std::string, std::string> names_in(const std::string& sql) {
  static const std::regex kTable(R"((?:FROM|JOIN|UPDATE|INTO)\s+([a-z_]+)(?:\s+(?:AS\s+)?([a-z_]+))?)");
  std::map<std::string, std::string> names;
  for (std::sregex_iterator found(sql.begin(), sql.end(), kTable), end; found != end; ++found) {
    names[(*found)[1]] = (*found)[1];
    if ((*found)[2].matched) names[(*found)[2]] = (*found)[1];
  }
  return names;
}

/// The large tables that the plan reads from one end to the other.
std::set<std::string> scanned(Transaction& transaction, const Statement& statement) {
  std::vector<Value> values;
  for (const auto& value : statement.values) {
    if (!value) values.emplace_back(nullptr);
    else std::visit([&](const auto& held) { values.emplace_back(held); }, *value);
  }
  const bool sqlite = transaction.dialect() == Dialect::sqlite;
  static const std::regex kSqlite("SCAN ([a-z_]+).*"), kPostgres(".*Seq Scan on ([a-z_]+).*");
  const auto names = names_in(statement.sql);
  std::set<std::string> out;
  Rows rows = transaction.query((sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + statement.sql, values);
  while (rows.next()) {
    const std::string line = rows.text(sqlite ? 3 : 0);
    std::smatch match;
    if (!std::regex_match(line, match, sqlite ? kSqlite : kPostgres)) continue;
    const auto name = names.find(match[1]);
    if (name != names.end() && kLarge.contains(name->second)) out.insert(name->second);
  }
  return out;
}

}  // namespace

TEST_CASE("statements: none reads a whole large table, on either engine") {
  for (const TestEngine& engine : test_engines()) {
    QueueWorld world(engine);
    world.add_sensor("s");
    const std::string cancelled = world.add_scan(3), scan = world.add_scan(0, "localhost:5001", true);
    const auto inner = world.connect();
    NotedDatabase noted(*inner);
    {
      Transaction transaction(noted, Transaction::Kind::write);
      write_everything(transaction, world, cancelled);
      read_everything(transaction);
      read_scans(transaction, scan);
      const auto done = transaction.commit();
      INFO(engine.name << ": " << (done ? "" : done.error().message()));
      REQUIRE(done.has_value());
    }
    CHECK(noted.statements.size() > 50);
    Transaction transaction(*inner, Transaction::Kind::write);
    // Small tables are read as a whole by choice; what is left then is for want of an index.
    if (transaction.dialect() == Dialect::postgres) transaction.run("SET LOCAL enable_seqscan=off");
    for (const auto& [sql, statement] : noted.statements) {
      INFO(engine.name << ": " << sql);
      CHECK(scanned(transaction, statement) == std::set<std::string>());
    }
    INFO(engine.name);
    CHECK(scanned(transaction, {"SELECT id FROM layer_report WHERE bytes=5", {}}) == std::set<std::string>{"layer_report"});
    CHECK_FALSE(transaction.failed());
  }
}

}  // namespace landwaiter::test
