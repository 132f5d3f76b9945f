// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/finding_index.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "platform/store/paging.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

namespace landwaiter::platform {
namespace {

/// As much of a place as a list shows.
constexpr std::size_t kPlaceBytesMax = 512;
constexpr std::size_t kTitleBytesMax = 1000;

/// A finding as one row says it. The texts are the finding's.
struct Entry {
  std::string_view type;
  std::string_view key;
  std::int64_t severity = 0;
  std::int64_t places = 0;
  std::string first_place;
  const Finding* finding = nullptr;
};

/// One for each asset, sorted, so that all who store the same assets do so in one order. The worst of equals speaks for all.
std::vector<Entry> entries_of(std::span<const Finding> findings) {
  std::vector<Entry> entries;
  for (const Finding& finding : findings) {
    entries.push_back({to_string(finding.type), finding.id, static_cast<std::int64_t>(severity_with_weaknesses(finding)),
                       static_cast<std::int64_t>(finding.occurrences.size()),
                       finding.occurrences.empty() ? "" : shortened(place_text(finding.occurrences.front()), kPlaceBytesMax), &finding});
  }
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return std::tuple(a.type, a.key, b.severity) < std::tuple(b.type, b.key, a.severity);
  });
  std::vector<Entry> out;
  for (Entry& entry : entries) {
    if (!out.empty() && out.back().type == entry.type && out.back().key == entry.key) out.back().places += entry.places;
    else out.push_back(std::move(entry));
  }
  return out;
}

/// What the assets are; rows that are there already and say the same stay as they are.
void put_findings(Transaction& transaction, std::span<const Entry> entries, std::int64_t state_id, SystemTime now) {
  const std::int64_t now_us = to_unix_us(now);
  std::vector<std::vector<Value>> rows;
  for (const Entry& entry : entries) rows.push_back({entry.type, entry.key, entry.severity, now_us});
  transaction.run_each("INSERT INTO finding(type,key,severity,first_seen_at_us) VALUES(?,?,?,?) ON CONFLICT DO NOTHING", rows);
  std::vector<std::string> attributes;
  std::vector<std::string> titles;
  attributes.reserve(entries.size());  // so that the rows' views of them stay good
  titles.reserve(entries.size());
  rows.clear();
  for (const Entry& entry : entries) {
    attributes.push_back(dump_json(entry.finding->attributes));
    titles.push_back(shortened(entry.finding->title, kTitleBytesMax));
    rows.push_back({entry.type, entry.key, entry.severity, state_id, titles.back(), attributes.back(), entry.finding->detector});
  }
  // Of an asset that two states describe, the newer one's words are kept.
  transaction.run_each(
      "INSERT INTO finding_variant(finding_id,severity,state_id,title,attributes,detector)"
      " SELECT id,?3,?4,?5,?6,?7 FROM finding WHERE type=?1 AND key=?2"
      " ON CONFLICT(finding_id,severity) DO UPDATE SET state_id=excluded.state_id, title=excluded.title, attributes=excluded.attributes,"
      " detector=excluded.detector WHERE excluded.state_id>finding_variant.state_id AND (excluded.title<>finding_variant.title"
      " OR excluded.attributes<>finding_variant.attributes OR excluded.detector<>finding_variant.detector)",
      rows);
}

std::vector<std::int64_t> numbers(Rows rows) {
  std::vector<std::int64_t> out;
  while (rows.next()) out.push_back(rows.integer(0));
  return out;
}

std::vector<std::int64_t> findings_of_report(Transaction& transaction, std::int64_t report_id) {
  return numbers(transaction.query("SELECT finding_id FROM layer_finding WHERE layer_report_id=? ORDER BY finding_id", {report_id}));
}

std::vector<std::int64_t> findings_of_documents(Transaction& transaction, std::int64_t image_id) {
  return numbers(transaction.query("SELECT finding_id FROM image_finding WHERE image_id=? ORDER BY finding_id", {image_id}));
}

/// Looks again whether an image shows them, and how bad the worst that is shown is. ?1 is the finding, ?2 the time.
void refresh(Transaction& transaction, std::vector<std::int64_t> findings, SystemTime now) {
  std::ranges::sort(findings);
  const auto repeated = std::ranges::unique(findings);
  findings.erase(repeated.begin(), repeated.end());
  std::vector<std::vector<Value>> rows;
  rows.reserve(findings.size());
  for (const std::int64_t id : findings) rows.push_back({id, to_unix_us(now)});
  transaction.run_each(
      "WITH shown AS (SELECT severity FROM (SELECT lf.severity FROM layer_finding lf JOIN layer_report r ON r.id=lf.layer_report_id"
      "  WHERE lf.finding_id=?1 AND EXISTS(SELECT 1 FROM engine_state es JOIN image_layer il ON il.engine_id=es.engine_id"
      "   WHERE es.state_id=r.state_id AND il.layer_id=r.layer_id) ORDER BY lf.severity DESC LIMIT 1) AS of_layers"
      " UNION ALL SELECT severity FROM (SELECT severity FROM image_finding WHERE finding_id=?1 ORDER BY severity DESC LIMIT 1) AS own)"
      " UPDATE finding SET severity=coalesce((SELECT max(severity) FROM shown),severity),"
      " active=CASE WHEN EXISTS(SELECT 1 FROM shown) THEN 1 ELSE 0 END,"
      " last_seen_at_us=CASE WHEN EXISTS(SELECT 1 FROM shown) THEN NULL ELSE coalesce(last_seen_at_us,?2) END WHERE id=?1",
      rows);
}

/// For findings of which is known that an image shows them now; each row is a finding and its severity there.
void activate(Transaction& transaction, Rows found) {
  std::vector<std::vector<Value>> rows;
  while (found.next()) rows.push_back({found.integer(0), found.integer(1)});
  transaction.run_each("UPDATE finding SET severity=?2, active=1, last_seen_at_us=NULL WHERE id=?1 AND (active=0 OR severity<?2)", rows);
}

}  // namespace

Result<void> check_findings(std::span<const Finding> findings) {
  constexpr std::size_t kIdBytesMax = 256;  // the longest ids are a short word and a hash; PostgreSQL's indexes take some 2,700 bytes
  for (const Finding& finding : findings) {
    if (finding.id.empty() || finding.id.size() > kIdBytesMax) {
      return Error(ErrorCode::invalid_argument, "a finding's id must have 1 to " + std::to_string(kIdBytesMax) + " bytes");
    }
  }
  return {};
}

bool is_shown(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id) {
  return transaction
      .query("SELECT 1 FROM engine_state es JOIN image_layer il ON il.engine_id=es.engine_id WHERE es.state_id=? AND il.layer_id=? LIMIT 1",
             {state_id, layer_id})
      .next();
}

void index_layer_findings(Transaction& transaction, const ReportKey& report, std::span<const Finding> findings, SystemTime now) {
  const std::vector<std::int64_t> before = findings_of_report(transaction, report.id);
  const std::vector<Entry> entries = entries_of(findings);
  put_findings(transaction, entries, report.state_id, now);
  transaction.run("DELETE FROM layer_finding WHERE layer_report_id=?", {report.id});
  std::vector<std::vector<Value>> rows;
  for (const Entry& entry : entries) {
    rows.push_back({entry.type, entry.key, report.id, entry.severity, entry.places, entry.first_place});
  }
  transaction.run_each(
      "INSERT INTO layer_finding(layer_report_id,finding_id,severity,places,first_path)"
      " SELECT ?3,id,?4,?5,?6 FROM finding WHERE type=?1 AND key=?2",
      rows);
  if (!is_shown(transaction, report.layer_id, report.state_id)) return;
  refresh(transaction, before, now);
  report_appeared(transaction, report.id);
}

void index_image_findings(Transaction& transaction, std::int64_t image_id, std::vector<Finding> findings, SystemTime now) {
  constexpr std::int64_t kNoState = 0;
  // What is said to be in a file is in no document: a sensor that says so is wrong.
  for (Finding& finding : findings) {
    std::erase_if(finding.occurrences, [](const Occurrence& occurrence) { return occurrence.where == Where::file; });
  }
  std::erase_if(findings, [](const Finding& finding) { return finding.occurrences.empty(); });
  const std::vector<std::int64_t> before = findings_of_documents(transaction, image_id);
  if (before.empty() && findings.empty()) return;
  const std::vector<Entry> entries = entries_of(findings);
  put_findings(transaction, entries, kNoState, now);
  transaction.run("DELETE FROM image_finding WHERE image_id=?", {image_id});
  std::vector<std::vector<Value>> rows;
  for (const Entry& entry : entries) rows.push_back({entry.type, entry.key, image_id, entry.severity, entry.places});
  transaction.run_each(
      "INSERT INTO image_finding(image_id,finding_id,severity,places) SELECT ?3,id,?4,?5 FROM finding WHERE type=?1 AND key=?2", rows);
  refresh(transaction, before, now);
  activate(transaction,
           transaction.query("SELECT finding_id,severity FROM image_finding WHERE image_id=? ORDER BY finding_id", {image_id}));
}

void report_appeared(Transaction& transaction, std::int64_t report_id) {
  activate(transaction, transaction.query("SELECT lf.finding_id,lf.severity FROM layer_finding lf JOIN finding f ON f.id=lf.finding_id"
                                          " WHERE lf.layer_report_id=? AND (f.active=0 OR f.severity<lf.severity) ORDER BY lf.finding_id",
                                          {report_id}));
}

void report_vanished(Transaction& transaction, std::int64_t report_id, SystemTime now) {
  refresh(transaction, findings_of_report(transaction, report_id), now);
}

}  // namespace landwaiter::platform
