// SPDX-License-Identifier: Apache-2.0
#include "platform/store/layers.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "storage/compress.hpp"

#include <algorithm>
#include <chrono>

namespace landwaiter::platform {
namespace {

constexpr std::chrono::hours kKeptUnused{24};
/// Sensors are never deleted. One that was not seen for so long will hardly return, and if it does, it only reads some layers again.
constexpr std::chrono::days kSensorGone{30};
constexpr std::string_view kFacts = "facts";

/// One part of a layer as layer_claim names it.
struct Part {
  std::string_view name;
  const Digest& state;
};

/// What the claim asks for and is not here.
LayerParts missing_parts(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, const Digest& layer) {
  const std::int64_t since_us = claim.force ? job.scan_created_at_us : 0;
  LayerParts missing;
  missing.facts = transaction.number("SELECT count(*) FROM layer_facts WHERE layer=? AND walker=? AND stored_at_us>=?",
                                     {layer, claim.engine.walker, since_us}) == 0;
  for (const AnalysisState& of : claim.engine.states) {
    const bool known = transaction.number("SELECT count(*) FROM layer_report WHERE layer=? AND analysis=? AND state=? AND stored_at_us>=?",
                                          {layer, to_string(of.analysis), of.state, since_us}) != 0;
    if (!known) missing.analyses.push_back(of.analysis);
  }
  return missing;
}

std::vector<Part> parts_of(const EngineState& engine, const LayerParts& parts) {
  std::vector<Part> out;
  if (parts.facts) out.push_back({kFacts, engine.walker});
  for (const AnalysisState& of : engine.states) {
    if (parts.has(of.analysis)) out.push_back({to_string(of.analysis), of.state});
  }
  return out;
}

/// Whether another job whose lease still lasts reads it.
bool is_taken(Transaction& transaction, const LeasedJob& job, const Digest& layer, const Part& part, SystemTime now) {
  return transaction.number(
             "SELECT count(*) FROM layer_claim JOIN lease ON lease.job_id=layer_claim.job_id"
             " WHERE layer=? AND part=? AND state=? AND lease.job_id<>? AND lease.until_us>=?",
             {layer, part.name, part.state, job.id, to_unix_us(now)}) != 0;
}

/// Takes all the parts, or none when another job reads one of them: what that job brings need not be read, and then one read can bring
/// all the rest.
bool take(Transaction& transaction, const LeasedJob& job, const Digest& layer, const std::vector<Part>& parts, SystemTime now) {
  const auto taken = [&](const Part& part) { return is_taken(transaction, job, layer, part, now); };
  if (std::ranges::any_of(parts, taken)) return false;
  for (const Part& part : parts) {
    transaction.run(
        "INSERT INTO layer_claim(layer,part,state,job_id) VALUES(?,?,?,?) ON CONFLICT(layer,part,state) DO UPDATE SET "
        "job_id=excluded.job_id",
        {layer, part.name, part.state, job.id});
  }
  return true;
}

void free_claim(Transaction& transaction, const Digest& layer, const Part& part) {
  transaction.run("DELETE FROM layer_claim WHERE layer=? AND part=? AND state=?", {layer, part.name, part.state});
}

void index_findings(Transaction& transaction, std::int64_t report_id, const LayerReport& report, SystemTime now) {
  transaction.run("DELETE FROM layer_finding WHERE layer_report_id=?", {report_id});
  for (const Finding& finding : report.findings) {
    const std::int64_t finding_id = put_finding(transaction, finding, now);
    for (const Occurrence& occurrence : finding.occurrences) {
      transaction.run(
          "INSERT INTO layer_finding(layer_report_id,finding_id,path,archive,offset_bytes) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING",
          {report_id, finding_id, occurrence.path, occurrence.archive.empty() ? "" : dump_json(nlohmann::json(occurrence.archive)),
           storage::bounded(occurrence.offset)});
    }
  }
}

template <class T>
Result<T> decoded(ByteView compressed, const std::string& what) {
  auto text = storage::zstd_decompress(compressed, limits::report_bytes_max);
  auto value = text ? parse_json_as<T>(*text, "it", kJsonStored) : Result<T>(text.error());
  if (!value) return Error(ErrorCode::io, "the stored " + what + " is damaged: " + value.error().message());
  return value;
}

Bytes first_column(Rows rows) {
  if (!rows.next()) return {};
  return {rows.bytes(0).begin(), rows.bytes(0).end()};
}

}  // namespace

protocol::LayerClaimAnswer claim_layers(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, SystemTime now) {
  protocol::LayerClaimAnswer answer;
  for (const Digest& layer : claim.layers) {
    LayerParts missing = missing_parts(transaction, job, claim, layer);
    if (missing.none()) {
      answer.known.push_back(layer);
    } else if (take(transaction, job, layer, parts_of(claim.engine, missing), now)) {
      answer.claimed.push_back({layer, std::move(missing)});
    } else {
      answer.busy.push_back(layer);
    }
  }
  return answer;
}

// The time also changes when the bytes do not: a scan that is not incremental asks for what was read after its start.
void put_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker, const Coverage& coverage, ByteView compressed,
                     SystemTime now) {
  transaction.run(
      "INSERT INTO layer_facts(layer,walker,facts,not_opened,incomplete,stored_at_us) VALUES(?,?,?,?,?,?) ON CONFLICT(layer,walker)"
      " DO UPDATE SET facts=excluded.facts, not_opened=excluded.not_opened, incomplete=excluded.incomplete,"
      " stored_at_us=excluded.stored_at_us",
      {layer, walker, compressed, storage::bounded(coverage.not_opened), storage::bounded(coverage.incomplete), to_unix_us(now)});
  free_claim(transaction, layer, {kFacts, walker});
}

void put_layer_report(Transaction& transaction, const LayerReport& report, ByteView compressed, SystemTime now) {
  const Coverage coverage = coverage_of(report.diagnostics);
  const std::int64_t id = transaction.number(
      "INSERT INTO layer_report(layer,analysis,state,report,not_opened,incomplete,stored_at_us) VALUES(?,?,?,?,?,?,?)"
      " ON CONFLICT(layer,analysis,state) DO UPDATE SET report=excluded.report, not_opened=excluded.not_opened,"
      " incomplete=excluded.incomplete, stored_at_us=excluded.stored_at_us RETURNING id",
      {report.layer, to_string(report.of.analysis), report.of.state, compressed, storage::bounded(coverage.not_opened),
       storage::bounded(coverage.incomplete), to_unix_us(now)});
  index_findings(transaction, id, report, now);
  free_claim(transaction, report.layer, {to_string(report.of.analysis), report.of.state});
}

std::int64_t put_finding(Transaction& transaction, const Finding& finding, SystemTime now) {
  return transaction.number(
      "INSERT INTO finding(type,key,severity,title,attributes,detector,first_seen_at_us) VALUES(?,?,?,?,?,?,?) ON CONFLICT(type,key) DO "
      "UPDATE SET"
      " severity=excluded.severity, title=excluded.title, attributes=excluded.attributes, detector=excluded.detector RETURNING id",
      {to_string(finding.type), finding.id, static_cast<int>(severity_with_weaknesses(finding)), finding.title,
       dump_json(finding.attributes), finding.detector, to_unix_us(now)});
}

bool has_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker) {
  return transaction.number("SELECT count(*) FROM layer_facts WHERE layer=? AND walker=?", {layer, walker}) != 0;
}

std::optional<std::int64_t> layer_report_id(Transaction& transaction, const Digest& layer, const AnalysisState& of) {
  Rows rows =
      transaction.query("SELECT id FROM layer_report WHERE layer=? AND analysis=? AND state=?", {layer, to_string(of.analysis), of.state});
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

Bytes layer_facts_bytes(Transaction& transaction, const Digest& layer, const Digest& walker) {
  return first_column(transaction.query("SELECT facts FROM layer_facts WHERE layer=? AND walker=?", {layer, walker}));
}

Bytes layer_report_bytes(Transaction& transaction, const Digest& layer, const AnalysisState& of) {
  return first_column(transaction.query("SELECT report FROM layer_report WHERE layer=? AND analysis=? AND state=?",
                                        {layer, to_string(of.analysis), of.state}));
}

Result<ScannedLayer> stored_layer(Transaction& transaction, const Digest& layer, const Digest& walker,
                                  std::span<const AnalysisState> states) {
  ScannedLayer scanned;
  if (const Bytes compressed = layer_facts_bytes(transaction, layer, walker); !compressed.empty()) {
    auto facts = decoded<LayerFacts>(compressed, "facts of layer " + layer.str());
    if (!facts) return facts.error();
    scanned.facts = *std::move(facts);
  }
  for (const AnalysisState& of : states) {
    const Bytes compressed = layer_report_bytes(transaction, layer, of);
    if (compressed.empty()) continue;
    auto report = decoded<LayerReport>(compressed, "report of layer " + layer.str());
    if (!report) return report.error();
    scanned.reports.push_back(*std::move(report));
  }
  return scanned;
}

// Sensors do not say which walker they have: the newest facts of a layer stand for it.
std::int64_t prune_layers(Transaction& transaction, std::size_t count_max, SystemTime now) {
  const std::int64_t before_us = to_unix_us(now - kKeptUnused);
  const std::int64_t live_since_us = to_unix_us(now - kSensorGone);
  const std::int64_t reports = transaction.run(
      "DELETE FROM layer_report WHERE id IN (SELECT r.id FROM layer_report r WHERE r.stored_at_us<?"
      " AND NOT EXISTS(SELECT 1 FROM image_layer il WHERE il.layer_report_id=r.id)"
      " AND NOT EXISTS(SELECT 1 FROM sensor_state s JOIN sensor ON sensor.id=s.sensor_id"
      " WHERE s.analysis=r.analysis AND s.state=r.state AND sensor.seen_at_us>=?) LIMIT ?)",
      {before_us, live_since_us, count_max});
  const std::int64_t facts = transaction.run(
      "DELETE FROM layer_facts WHERE (layer,walker) IN (SELECT f.layer,f.walker FROM layer_facts f WHERE f.stored_at_us<?"
      " AND NOT EXISTS(SELECT 1 FROM layer_report r JOIN image_layer il ON il.layer_report_id=r.id JOIN image i ON i.id=il.image_id"
      " WHERE r.layer=f.layer AND i.walker=f.walker)"
      " AND (EXISTS(SELECT 1 FROM layer_facts n WHERE n.layer=f.layer AND n.stored_at_us>f.stored_at_us)"
      " OR NOT EXISTS(SELECT 1 FROM layer_report r JOIN sensor_state s ON s.analysis=r.analysis AND s.state=r.state"
      " JOIN sensor ON sensor.id=s.sensor_id WHERE r.layer=f.layer AND sensor.seen_at_us>=?)) LIMIT ?)",
      {before_us, live_since_us, count_max});
  return reports + facts;
}

}  // namespace landwaiter::platform
