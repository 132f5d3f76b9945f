// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/claims.hpp"

#include "platform/store/content/interned.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace landwaiter::platform {
namespace {

/// A part of a layer, by the number of its state.
struct Part {
  std::int64_t state_id = 0;
  std::optional<Analysis> analysis;  ///< nothing for the facts
};

std::vector<Part> parts_of(Transaction& transaction, const EngineState& engine) {
  std::vector<Part> parts{{state_id(transaction, kFactsPart, engine.walker), std::nullopt}};
  for (const AnalysisState& of : engine.states) parts.push_back({state_id(transaction, to_string(of.analysis), of.state), of.analysis});
  return parts;
}

/// Those of the parts that are not here.
std::vector<Part> missing_parts(Transaction& transaction, std::int64_t layer, const std::vector<Part>& parts, std::int64_t since_us) {
  std::set<std::int64_t> here;
  Rows rows = transaction.query("SELECT state_id FROM layer_report WHERE layer_id=? AND stored_at_us>=?", {layer, since_us});
  while (rows.next()) here.insert(rows.integer(0));
  std::vector<Part> missing;
  std::ranges::copy_if(parts, std::back_inserter(missing), [&](const Part& part) { return !here.contains(part.state_id); });
  return missing;
}

LayerParts named(const std::vector<Part>& parts) {
  LayerParts out;
  for (const Part& part : parts) {
    if (part.analysis) out.analyses.push_back(*part.analysis);
    else out.facts = true;
  }
  return out;
}

/// Takes what is free, this job's already, or of a job that has no lease any more.
bool take_part(Transaction& transaction, const LeasedJob& job, std::int64_t layer, const Part& part, SystemTime now) {
  Rows rows = transaction.query(
      "INSERT INTO layer_claim(layer_id,state_id,job_id) VALUES(?1,?2,?3) ON CONFLICT(layer_id,state_id) DO UPDATE"
      " SET job_id=excluded.job_id WHERE layer_claim.job_id=excluded.job_id"
      " OR NOT EXISTS(SELECT 1 FROM lease WHERE lease.job_id=layer_claim.job_id AND lease.until_us>=?4) RETURNING job_id",
      {layer, part.state_id, job.id, to_unix_us(now)});
  return rows.next();
}

/// Takes all the parts, or none when another job reads one of them: what that job brings need not be read, and then one read can bring
/// all the rest.
bool take(Transaction& transaction, const LeasedJob& job, std::int64_t layer, const std::vector<Part>& parts, SystemTime now) {
  for (std::size_t taken = 0; taken < parts.size(); ++taken) {
    if (take_part(transaction, job, layer, parts[taken], now)) continue;
    for (std::size_t i = 0; i < taken; ++i) free_claim(transaction, layer, parts[i].state_id);
    return false;
  }
  return true;
}

/// Of the parts that were missing and are taken now, those that still are: what another process stored between the look and the claim need
/// not be read, and its claim is given up.
std::vector<Part> still_missing(Transaction& transaction, std::int64_t layer, const std::vector<Part>& taken, std::int64_t since_us) {
  std::vector<Part> missing = missing_parts(transaction, layer, taken, since_us);
  for (const Part& part : taken) {
    if (std::ranges::find(missing, part.state_id, &Part::state_id) == missing.end()) free_claim(transaction, layer, part.state_id);
  }
  return missing;
}

}  // namespace

protocol::LayerClaimAnswer claim_layers(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, SystemTime now) {
  protocol::LayerClaimAnswer answer;
  const std::vector<Part> parts = parts_of(transaction, claim.engine);
  const std::int64_t since_us = claim.force ? job.scan_created_at_us : 0;
  for (const Digest& layer : claim.layers) {
    const std::int64_t id = layer_id(transaction, layer);
    std::vector<Part> missing = missing_parts(transaction, id, parts, since_us);
    if (!missing.empty()) {
      if (!take(transaction, job, id, missing, now)) {
        answer.busy.push_back(layer);
        continue;
      }
      missing = still_missing(transaction, id, missing, since_us);
    }
    if (missing.empty()) {
      answer.known.push_back(layer);
    } else {
      answer.claimed.push_back({layer, named(missing)});
    }
  }
  return answer;
}

std::optional<ClaimHolder> claim_holder(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id, SystemTime now) {
  Rows rows = transaction.query(
      "SELECT lease.job_id,lease.sensor_id FROM layer_claim JOIN lease ON lease.job_id=layer_claim.job_id"
      " WHERE layer_id=? AND state_id=? AND lease.until_us>=?",
      {layer_id, state_id, to_unix_us(now)});
  if (!rows.next()) return std::nullopt;
  return ClaimHolder{rows.text(0), rows.text(1)};
}

void free_claim(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id) {
  transaction.run("DELETE FROM layer_claim WHERE layer_id=? AND state_id=?", {layer_id, state_id});
}

}  // namespace landwaiter::platform
