// SPDX-License-Identifier: Apache-2.0
#include "storage/local/store.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/report/layer_report_text.hpp"
#include "storage/compress.hpp"
#include "storage/database/migrations.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <array>

namespace landwaiter::storage {
namespace {

using Kind = Transaction::Kind;

// AUTOINCREMENT: an id that was handed out must never name another item, or acknowledge() could drop one that was not sent.
constexpr std::array<std::string_view, 1> kSchema{R"sql(
CREATE TABLE layer_facts(
  layer TEXT NOT NULL,
  walker TEXT NOT NULL,
  facts BLOB NOT NULL,
  used_at_us INTEGER NOT NULL,
  PRIMARY KEY(layer, walker)) STRICT;
CREATE TABLE layer_report(
  layer TEXT NOT NULL,
  analysis TEXT NOT NULL,
  state TEXT NOT NULL,
  report BLOB NOT NULL,
  used_at_us INTEGER NOT NULL,
  PRIMARY KEY(layer, analysis, state)) STRICT;
CREATE TABLE image(
  digest TEXT NOT NULL PRIMARY KEY,
  engine TEXT NOT NULL,
  facts TEXT NOT NULL,
  scanned_at_us INTEGER NOT NULL) STRICT;
CREATE TABLE value(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  payload BLOB NOT NULL,
  UNIQUE(kind, key)) STRICT;
CREATE TABLE manifest(
  digest TEXT NOT NULL PRIMARY KEY,
  facts TEXT NOT NULL,
  used_at_us INTEGER NOT NULL) STRICT;
CREATE INDEX manifest_by_use ON manifest(used_at_us);
CREATE TABLE walked_repository(
  name TEXT NOT NULL PRIMARY KEY,
  used_at_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql"};

/// A use is only written down when the last one is older: reading what is known should not write.
constexpr std::chrono::hours kUseNoted{24};

Error damaged(std::string_view what, const Error& why) {
  return {ErrorCode::io, "stored " + std::string(what) + " is damaged: " + why.message()};
}

/// What an image's record was made with, as one text.
std::string engine_key(const EngineState& engine) {
  return dump_json({{"walker", engine.walker.str()}, {"states", states_to_json(engine.states)}});
}

std::string to_text(const LayerFacts& facts) { return dump_json(facts); }

template <class T>
Result<T> parse(std::string_view text, const std::string& what) {
  return parse_json_as<T>(text, what, kJsonStored);
}
template <>
Result<LayerReport> parse<LayerReport>(std::string_view text, const std::string& what) {
  return parse_layer_report(text, what);
}

template <class T>
Result<Bytes> packed(const T& value, const std::string& what) {
  const std::string text = to_text(value);
  if (text.size() <= limits::report_bytes_max) return zstd_compress(text);
  return Error(ErrorCode::limit_exceeded, "the " + what + " of layer " + value.layer.str() + " is larger than a report may be");
}

/// The one value that the statement finds in its first column, unpacked; nothing when it finds none.
template <class T>
Result<std::optional<T>> unpacked(Database& database, std::string_view sql, std::initializer_list<Value> values, const std::string& what) {
  Bytes compressed;
  Transaction transaction(database, Kind::read);
  {
    Rows rows = transaction.query(sql, values);
    if (rows.next()) compressed.assign(rows.bytes(0).begin(), rows.bytes(0).end());
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  if (compressed.empty()) return std::optional<T>();
  auto text = zstd_decompress(compressed, limits::report_bytes_max);
  if (!text) return damaged(what, text.error());
  auto value = parse<T>(*text, what);
  if (!value) return damaged(what, value.error());
  return std::optional<T>(*std::move(value));
}

}  // namespace

struct Store::Impl {
  std::unique_ptr<SqliteDatabase> database;

  static Result<std::unique_ptr<Impl>> make(Result<std::unique_ptr<SqliteDatabase>> database) {
    if (!database) return database.error();
    auto migrated = migrate(**database, kSchema);
    if (!migrated) return migrated.error();
    return std::make_unique<Impl>(Impl{*std::move(database)});
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& directory) {
  auto impl = Impl::make(SqliteDatabase::open(directory / "landwaiter.db"));
  if (!impl) return impl.error();
  return std::unique_ptr<Store>(new Store(*std::move(impl)));
}

Result<std::unique_ptr<Store>> Store::open_in_memory() {
  auto impl = Impl::make(SqliteDatabase::open_in_memory());
  if (!impl) return impl.error();
  return std::unique_ptr<Store>(new Store(*std::move(impl)));
}

Result<std::unique_ptr<Store>> Store::open_temporary() {
  auto impl = Impl::make(SqliteDatabase::open_temporary());
  if (!impl) return impl.error();
  return std::unique_ptr<Store>(new Store(*std::move(impl)));
}

Result<std::optional<LayerFacts>> Store::layer_facts(const Digest& layer, const Digest& walker) {
  return unpacked<LayerFacts>(*impl_->database, "SELECT facts FROM layer_facts WHERE layer=? AND walker=?", {layer, walker},
                              "facts of layer " + layer.str());
}

Result<std::optional<LayerReport>> Store::layer_report(const Digest& layer, const AnalysisState& of) {
  return unpacked<LayerReport>(*impl_->database, "SELECT report FROM layer_report WHERE layer=? AND analysis=? AND state=?",
                               {layer, to_string(of.analysis), of.state}, "report of layer " + layer.str());
}

Result<void> Store::forget_facts(const Digest& layer, const Digest& walker) {
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("DELETE FROM layer_facts WHERE layer=? AND walker=?", {layer, walker});
  return transaction.commit();
}

Result<void> Store::forget_report(const Digest& layer, const AnalysisState& of) {
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("DELETE FROM layer_report WHERE layer=? AND analysis=? AND state=?", {layer, to_string(of.analysis), of.state});
  return transaction.commit();
}

Result<void> Store::forget_layer(const Digest& layer, const EngineState& engine) {
  auto forgotten = forget_facts(layer, engine.walker);
  for (const AnalysisState& of : engine.states) {
    if (forgotten) forgotten = forget_report(layer, of);
  }
  return forgotten;
}

Result<std::optional<ScannedLayer>> Store::layer(const Digest& layer, const EngineState& engine) {
  ScannedLayer scanned;
  auto facts = layer_facts(layer, engine.walker);
  if (!facts) return facts.error();
  if (!*facts) return std::optional<ScannedLayer>();
  scanned.facts = **std::move(facts);
  for (const AnalysisState& of : engine.states) {
    auto report = layer_report(layer, of);
    if (!report) return report.error();
    if (!*report) return std::optional<ScannedLayer>();
    scanned.reports.push_back(**std::move(report));
  }
  return std::optional<ScannedLayer>(std::move(scanned));
}

Result<std::uint64_t> Store::reports_bytes(const Digest& layer, const EngineState& engine) {
  std::uint64_t bytes = 0;
  Transaction transaction(*impl_->database, Kind::read);
  for (const AnalysisState& of : engine.states) {
    // A frame's header has at most 18 bytes (RFC 8878, 3.1.1.1).
    Rows rows = transaction.query("SELECT substr(report,1,18) FROM layer_report WHERE layer=? AND analysis=? AND state=?",
                                  {layer, to_string(of.analysis), of.state});
    if (rows.next()) bytes += zstd_expanded_bytes(rows.bytes(0));
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return bytes;
}

Result<LayerParts> Store::missing_parts(const Digest& layer, const EngineState& engine) {
  LayerParts missing;
  Transaction transaction(*impl_->database, Kind::read);
  missing.facts = transaction.number("SELECT count(*) FROM layer_facts WHERE layer=? AND walker=?", {layer, engine.walker}) == 0;
  for (const AnalysisState& of : engine.states) {
    const bool known = transaction.number("SELECT count(*) FROM layer_report WHERE layer=? AND analysis=? AND state=?",
                                          {layer, to_string(of.analysis), of.state}) != 0;
    if (!known) missing.analyses.push_back(of.analysis);
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return missing;
}

Result<void> Store::put_layer(const ScannedLayer& layer, SystemTime now) {
  const auto facts = packed(layer.facts, "facts");
  if (!facts) return facts.error();
  std::vector<Bytes> reports;
  for (const LayerReport& report : layer.reports) {
    auto bytes = packed(report, std::string(to_string(report.of.analysis)) + " report");
    if (!bytes) return bytes.error();
    reports.push_back(*std::move(bytes));
  }
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("INSERT OR REPLACE INTO layer_facts(layer,walker,facts,used_at_us) VALUES(?,?,?,?)",
                  {layer.facts.layer, layer.facts.walker, *facts, to_unix_us(now)});
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const LayerReport& report = layer.reports[i];
    transaction.run("INSERT OR REPLACE INTO layer_report(layer,analysis,state,report,used_at_us) VALUES(?,?,?,?,?)",
                    {report.layer, to_string(report.of.analysis), report.of.state, reports[i], to_unix_us(now)});
  }
  return transaction.commit();
}

Result<std::optional<ImageRecord>> Store::image(const Digest& digest, const EngineState& engine) {
  std::optional<std::string> facts_text;
  ImageRecord record;
  Transaction transaction(*impl_->database, Kind::read);
  {
    Rows rows = transaction.query("SELECT facts,scanned_at_us FROM image WHERE digest=? AND engine=?", {digest, engine_key(engine)});
    if (rows.next()) {
      facts_text = rows.text(0);
      record.scanned_at = from_unix_us(rows.integer(1));
    }
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  if (!facts_text) return std::optional<ImageRecord>();
  auto facts = parse_json_as<ImageFacts>(*facts_text, "facts", kJsonStored);
  if (!facts) return damaged("image " + digest.str(), facts.error());
  record.facts = *std::move(facts);
  record.engine = engine;
  return std::optional<ImageRecord>(std::move(record));
}

Result<void> Store::put_image(const ImageRecord& record) {
  const std::string facts = dump_json(record.facts);
  const std::int64_t now_us = to_unix_us(record.scanned_at);
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("INSERT OR REPLACE INTO image(digest,engine,facts,scanned_at_us) VALUES(?,?,?,?)",
                  {record.facts.digest, engine_key(record.engine), facts, now_us});
  // An image that needs what is known of a layer is a use of it: prune() leaves it alone.
  for (const Digest& layer : record.facts.layers) {
    transaction.run("UPDATE layer_facts SET used_at_us=max(used_at_us,?) WHERE layer=? AND walker=?",
                    {now_us, layer, record.engine.walker});
    for (const AnalysisState& of : record.engine.states) {
      transaction.run("UPDATE layer_report SET used_at_us=max(used_at_us,?) WHERE layer=? AND analysis=? AND state=?",
                      {now_us, layer, to_string(of.analysis), of.state});
    }
  }
  return transaction.commit();
}

Result<std::optional<std::string>> Store::value(std::string_view name) {
  std::optional<std::string> value;
  Transaction transaction(*impl_->database, Kind::read);
  {
    Rows rows = transaction.query("SELECT value FROM value WHERE name=?", {name});
    if (rows.next()) value = rows.text(0);
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return value;
}

Result<void> Store::put_value(std::string_view name, std::string_view value) {
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("INSERT OR REPLACE INTO value(name,value) VALUES(?,?)", {name, as_bytes(value)});
  return transaction.commit();
}

Result<void> Store::probe() { return put_value("probe", "1"); }

Result<void> Store::enqueue(const OutboxItem& item) {
  const Bytes compressed = zstd_compress(item.payload);
  Transaction transaction(*impl_->database, Kind::write);
  // REPLACE gives the item a new id, so that acknowledging the old version does not drop the new one.
  transaction.run("INSERT OR REPLACE INTO outbox(kind,key,payload) VALUES(?,?,?)", {item.kind, item.key, compressed});
  return transaction.commit();
}

Result<std::vector<OutboxItem>> Store::outbox(std::size_t count_max) {
  std::vector<OutboxItem> items;
  Transaction transaction(*impl_->database, Kind::read);
  {
    Rows rows = transaction.query("SELECT id,kind,key,payload FROM outbox ORDER BY id LIMIT ?", {count_max});
    while (rows.next()) {
      auto payload = zstd_decompress(rows.bytes(3), limits::report_bytes_max);
      items.push_back({rows.integer(0), rows.text(1), rows.text(2), payload ? *std::move(payload) : std::string()});
    }
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  return items;
}

Result<void> Store::acknowledge(std::int64_t id) {
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("DELETE FROM outbox WHERE id=?", {id});
  return transaction.commit();
}

Result<std::vector<ManifestFacts>> Store::manifests(const std::vector<Digest>& digests, SystemTime now) {
  std::vector<ManifestFacts> found;
  std::vector<Digest> old;
  Transaction transaction(*impl_->database, Kind::read);
  for (const Digest& digest : digests) {
    Rows rows = transaction.query("SELECT facts,used_at_us FROM manifest WHERE digest=?", {digest});
    if (!rows.next()) continue;
    auto facts = parse_json_as<ManifestFacts>(rows.text(0), "facts", kJsonStored);
    if (!facts) return damaged("manifest " + digest.str(), facts.error());
    found.push_back(*std::move(facts));
    if (rows.integer(1) < to_unix_us(now - kUseNoted)) old.push_back(digest);
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  if (old.empty()) return found;
  Transaction noting(*impl_->database, Kind::write);
  for (const Digest& digest : old) noting.run("UPDATE manifest SET used_at_us=max(used_at_us,?) WHERE digest=?", {to_unix_us(now), digest});
  auto noted = noting.commit();
  if (!noted) return noted.error();
  return found;
}

Result<bool> Store::repository_walked(std::string_view repository, SystemTime now) {
  Transaction transaction(*impl_->database, Kind::read);
  std::int64_t used_at_us = 0;
  {
    Rows rows = transaction.query("SELECT used_at_us FROM walked_repository WHERE name=?", {repository});
    if (rows.next()) used_at_us = rows.integer(0);
  }
  auto ended = transaction.commit();
  if (!ended) return ended.error();
  if (used_at_us == 0 || used_at_us >= to_unix_us(now - kUseNoted)) return used_at_us != 0;
  Transaction noting(*impl_->database, Kind::write);
  noting.run("UPDATE walked_repository SET used_at_us=max(used_at_us,?) WHERE name=?", {to_unix_us(now), repository});
  auto noted = noting.commit();
  if (!noted) return noted.error();
  return true;
}

Result<void> Store::put_listing(const ListingNotes& notes, SystemTime now) {
  Transaction transaction(*impl_->database, Kind::write);
  for (const ManifestFacts& facts : notes.manifests) {
    transaction.run("INSERT OR REPLACE INTO manifest(digest,facts,used_at_us) VALUES(?,?,?)",
                    {facts.digest, dump_json(facts), to_unix_us(now)});
  }
  for (const std::string& name : notes.repositories) {
    transaction.run("INSERT OR REPLACE INTO walked_repository(name,used_at_us) VALUES(?,?)", {name, to_unix_us(now)});
  }
  return transaction.commit();
}

Result<void> Store::prune_listings(SystemTime before) {
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("DELETE FROM manifest WHERE used_at_us<?", {to_unix_us(before)});
  transaction.run("DELETE FROM walked_repository WHERE used_at_us<?", {to_unix_us(before)});
  return transaction.commit();
}

Result<void> Store::prune(SystemTime before) {
  const std::int64_t before_us = to_unix_us(before);
  Transaction transaction(*impl_->database, Kind::write);
  transaction.run("DELETE FROM layer_report WHERE used_at_us<?", {before_us});
  transaction.run("DELETE FROM layer_facts WHERE used_at_us<?", {before_us});
  transaction.run("DELETE FROM image WHERE scanned_at_us<?", {before_us});
  auto pruned = transaction.commit();
  if (!pruned) return pruned;
  pruned = prune_listings(before);
  if (!pruned) return pruned;
  return impl_->database->give_back_space();
}

}  // namespace landwaiter::storage
