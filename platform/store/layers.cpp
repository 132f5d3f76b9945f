// SPDX-License-Identifier: Apache-2.0
#include "platform/store/layers.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "storage/compress.hpp"

namespace landwaiter::platform {
namespace {

bool is_known(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, const Digest& layer) {
  Rows rows = transaction.query("SELECT stored_at_us FROM layer_report WHERE layer=? AND detector_state=?", {layer, claim.detector_state});
  return rows.next() && !(claim.force && rows.integer(0) < job.scan_created_at_us);
}

/// Takes the layer unless another job whose lease still lasts has it.
bool take(Transaction& transaction, const LeasedJob& job, const Digest& layer, const Digest& detector_state, SystemTime now) {
  const bool taken = transaction.number(
                         "SELECT count(*) FROM layer_claim JOIN job ON job.id=layer_claim.job_id"
                         " WHERE layer=? AND layer_claim.detector_state=? AND job.id<>? AND job.state='leased' AND job.lease_until_us>=?",
                         {layer, detector_state, job.id, to_unix_us(now)}) != 0;
  if (taken) return false;
  transaction.run(
      "INSERT INTO layer_claim(layer,detector_state,job_id) VALUES(?,?,?) ON CONFLICT(layer,detector_state) DO UPDATE SET "
      "job_id=excluded.job_id",
      {layer, detector_state, job.id});
  return true;
}

void index_findings(Transaction& transaction, std::int64_t report_id, const LayerReport& report) {
  transaction.run("DELETE FROM layer_finding WHERE layer_report_id=?", {report_id});
  for (const Finding& finding : report.findings) {
    const std::int64_t finding_id = transaction.number(
        "INSERT INTO finding(type,key,severity,title,attributes,detector) VALUES(?,?,?,?,?,?) ON CONFLICT(type,key) DO UPDATE SET"
        " severity=excluded.severity, title=excluded.title, attributes=excluded.attributes, detector=excluded.detector RETURNING id",
        {to_string(finding.type), finding.id, static_cast<int>(severity_with_weaknesses(finding)), finding.title,
         dump_json(finding.attributes), finding.detector});
    for (const Occurrence& occurrence : finding.occurrences) {
      transaction.run(
          "INSERT INTO layer_finding(layer_report_id,finding_id,path,archive,offset) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING",
          {report_id, finding_id, occurrence.path, occurrence.archive.empty() ? "" : dump_json(nlohmann::json(occurrence.archive)),
           storage::bounded(occurrence.offset)});
    }
  }
}

}  // namespace

protocol::LayerClaimAnswer claim_layers(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, SystemTime now) {
  protocol::LayerClaimAnswer answer;
  for (const Digest& layer : claim.layers) {
    if (is_known(transaction, job, claim, layer)) {
      answer.known.push_back(layer);
    } else if (take(transaction, job, layer, claim.detector_state, now)) {
      answer.claimed.push_back(layer);
    } else {
      answer.busy.push_back(layer);
    }
  }
  return answer;
}

void put_layer_report(Transaction& transaction, const LayerReport& report, ByteView compressed, SystemTime now) {
  // The time also changes when the bytes do not: a scan that is not incremental asks for reports made after its start.
  const std::int64_t id = transaction.number(
      "INSERT INTO layer_report(layer,detector_state,report,stored_at_us) VALUES(?,?,?,?) ON CONFLICT(layer,detector_state) DO UPDATE SET"
      " report=excluded.report, stored_at_us=excluded.stored_at_us RETURNING id",
      {report.layer, report.detector_state, compressed, to_unix_us(now)});
  index_findings(transaction, id, report);
  transaction.run("DELETE FROM layer_claim WHERE layer=? AND detector_state=?", {report.layer, report.detector_state});
}

std::optional<std::int64_t> layer_report_id(Transaction& transaction, const Digest& layer, const Digest& detector_state) {
  Rows rows = transaction.query("SELECT id FROM layer_report WHERE layer=? AND detector_state=?", {layer, detector_state});
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

Bytes layer_report_bytes(Transaction& transaction, const Digest& layer, const Digest& detector_state) {
  Rows rows = transaction.query("SELECT report FROM layer_report WHERE layer=? AND detector_state=?", {layer, detector_state});
  if (!rows.next()) return {};
  return {rows.bytes(0).begin(), rows.bytes(0).end()};
}

Result<LayerReport> decode_layer_report(ByteView compressed, const Digest& layer) {
  auto text = storage::zstd_decompress(compressed, limits::report_bytes_max);
  auto report = text ? parse_json_as<LayerReport>(*text, "report") : Result<LayerReport>(text.error());
  if (!report) return Error(ErrorCode::io, "the stored report of layer " + layer.str() + " is damaged: " + report.error().message());
  return report;
}

}  // namespace landwaiter::platform
