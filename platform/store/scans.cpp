// SPDX-License-Identifier: Apache-2.0
#include "platform/store/scans.hpp"

#include "core/base/json_reader.hpp"
#include "core/wire/filter.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/states.hpp"

#include <utility>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

constexpr int kErrorsShown = 100;

json counts_of(Transaction& transaction, std::string_view scan_id) {
  json counts{{"listed", 0}};
  for (const ItemState state : kAllItemStates) counts[std::string(to_string(state))] = 0;
  std::int64_t listed = 0;
  Rows rows = transaction.query("SELECT state,count(*) FROM scan_item WHERE scan_id=? GROUP BY state", {scan_id});
  while (rows.next()) {
    counts[rows.text(0)] = rows.integer(1);
    listed += rows.integer(1);
  }
  counts["listed"] = listed;
  return counts;
}

json jobs_of(Transaction& transaction, std::string_view scan_id) {
  json jobs = json::object();
  for (const JobState state : kAllJobStates) jobs[std::string(to_string(state))] = 0;
  Rows rows = transaction.query("SELECT state,count(*) FROM job WHERE scan_id=? GROUP BY state", {scan_id});
  while (rows.next()) jobs[rows.text(0)] = rows.integer(1);
  return jobs;
}

json progress_of(Transaction& transaction, std::string_view scan_id) {
  Rows rows = transaction.query("SELECT sum(bytes),sum(layers),sum(files),sum(findings) FROM job WHERE scan_id=?", {scan_id});
  if (!rows.next()) return json::object();
  return {{"bytes", rows.integer(0)}, {"layers", rows.integer(1)}, {"files", rows.integer(2)}, {"findings", rows.integer(3)}};
}

/// Adds how many repositories the scan's listings have passed.
void add_repositories(Transaction& transaction, std::string_view scan_id, json& out) {
  out["repositories_listed"] = transaction.number("SELECT sum(repositories_listed) FROM job WHERE scan_id=? AND kind='list'", {scan_id});
  out["repositories_filtered"] =
      transaction.number("SELECT sum(repositories_filtered) FROM job WHERE scan_id=? AND kind='list'", {scan_id});
}

json errors_of(Transaction& transaction, std::string_view scan_id) {
  json errors = json::array();
  Rows rows = transaction.query(
      "SELECT repository,tag,digest,state,reason,code FROM scan_item WHERE scan_id=? AND state IN ('failed','gone','unsupported') ORDER BY "
      "id "
      "LIMIT ?",
      {scan_id, kErrorsShown});
  while (rows.next()) {
    errors.push_back({{"repository", rows.text(0)},
                      {"tag", rows.text(1)},
                      {"digest", rows.text(2)},
                      {"state", rows.text(3)},
                      {"reason", rows.text(4)},
                      {"code", rows.text(5)}});
  }
  return errors;
}

constexpr std::string_view kScanColumns =
    "id,name,kind,state,incremental,priority,labels,callback_id,auto_resolution_interval,error,created_at_us,started_at_us,finished_at_us,"
    "warnings";

json head_of(const Rows& rows) {
  const auto labels = parse_json(rows.text(6), "labels", kJsonStored);
  const auto warnings = parse_json(rows.text(13), "warnings", kJsonStored);
  return {{"id", rows.text(0)},
          {"name", rows.text(1)},
          {"kind", rows.text(2)},
          {"state", rows.text(3)},
          {"incremental", rows.integer(4) != 0},
          {"priority", rows.integer(5)},
          {"labels", labels ? *labels : json::array()},
          {"callback_id", rows.text(7)},
          {"auto_resolution_interval", rows.integer(8)},
          {"error", rows.text(9)},
          {"created_at", time_json(rows, 10)},
          {"started_at", time_json(rows, 11)},
          {"finished_at", time_json(rows, 12)},
          {"warnings", warnings ? *warnings : json::array()}};
}

/// What belongs only to a scan ends with it.
void forget_scan_credentials(Transaction& transaction, std::string_view scan_id) {
  transaction.run("UPDATE registry SET credential=NULL WHERE scan_id=?", {scan_id});
}

}  // namespace

std::string create_scan(Transaction& transaction, const NewScan& scan, SystemTime now) {
  std::string id = new_id(now);
  transaction.run(
      "INSERT INTO scan(id,name,kind,state,incremental,priority,labels,callback_id,auto_resolution_interval,created_at_us)"
      " VALUES(?,?,?,'queued',?,?,?,?,?,?)",
      {id, scan.name, scan.of_references ? "references" : "registry", scan.incremental, scan.priority, dump_json(scan.labels),
       scan.callback_id, scan.auto_resolution_interval, to_unix_us(now)});
  return id;
}

void create_list_job(Transaction& transaction, std::string_view scan_id, std::string_view registry_id, const protocol::ListWork& work,
                     SystemTime now) {
  protocol::ListWork rest = work;
  const std::string references = dump_json(json(std::exchange(rest.references, {})));
  const std::string repositories = dump_json(json(std::exchange(rest.repositories, {})));
  transaction.run(
      "INSERT INTO job(id,scan_id,registry_id,kind,state,references_json,repositories_json,exclude_repositories_json,filter_json,"
      "created_at_us) VALUES(?,?,?,'list','queued',?,?,?,?,?)",
      {new_id(now), scan_id, registry_id, references, repositories, dump_json(json(rest.exclude_repositories)), dump_json(json(rest)),
       to_unix_us(now)});
}

std::vector<std::string> stored_texts(const std::string& list) {
  const auto parsed = parse_json(list, "stored list", kJsonStored);
  std::vector<std::string> out;
  if (parsed && parsed->is_array()) {
    for (const json& entry : *parsed) {
      if (entry.is_string()) out.push_back(entry.get<std::string>());
    }
  }
  return out;
}

namespace {

/// What the last walk of the same registry with the same filters saw; 0 if there was none.
std::int64_t seen_before(Transaction& transaction, std::string_view job_id) {
  Rows rows = transaction.query(
      "SELECT last.repositories_listed+last.repositories_filtered"
      " FROM job JOIN job AS last ON last.registry_id=job.registry_id AND last.kind='list' AND last.state='done' AND last.id<job.id"
      " AND last.references_json='[]' AND last.repositories_json=job.repositories_json"
      " AND last.exclude_repositories_json=job.exclude_repositories_json"
      " WHERE job.id=? ORDER BY last.id DESC LIMIT 1",
      {job_id});
  return rows.next() ? rows.integer(0) : 0;
}

}  // namespace

void note_listing(Transaction& transaction, std::string_view job_id) {
  std::string scan_id;
  NameFilter filter;
  std::int64_t listed = 0;
  std::int64_t filtered = 0;
  {
    Rows rows = transaction.query(
        "SELECT scan_id,repositories_json,exclude_repositories_json,repositories_listed,repositories_filtered FROM job"
        " WHERE id=? AND references_json='[]'",
        {job_id});
    if (!rows.next()) return;
    scan_id = rows.text(0);
    filter = {stored_texts(rows.text(1)), stored_texts(rows.text(2))};
    listed = rows.integer(3);
    filtered = rows.integer(4);
  }
  json warnings = json::array();
  const std::int64_t seen = listed + filtered;
  const std::int64_t before = seen_before(transaction, job_id);
  if (seen * 2 < before) {
    warnings.push_back("the registry listed " + std::to_string(seen) + " repositories; the previous scan saw " + std::to_string(before) +
                       ": some may be missing");
  }
  std::string note = note_on_repositories(filter, static_cast<std::uint64_t>(listed), static_cast<std::uint64_t>(filtered));
  if (!note.empty()) warnings.push_back(std::move(note));
  if (!warnings.empty()) transaction.run("UPDATE scan SET warnings=? WHERE id=?", {dump_json(warnings), scan_id});
}

void finish_scan_if_done(Transaction& transaction, std::string_view scan_id, SystemTime now) {
  if (transaction.number("SELECT EXISTS(SELECT 1 FROM job WHERE scan_id=? AND state IN ('queued','leased'))", {scan_id}) != 0) return;
  std::string error;
  {
    Rows rows =
        transaction.query("SELECT error FROM job WHERE scan_id=? AND kind='list' AND state='failed' ORDER BY id LIMIT 1", {scan_id});
    if (rows.next()) error = "the listing failed: " + rows.text(0);
  }
  transaction.run("UPDATE scan SET state=?, error=?, finished_at_us=? WHERE id=? AND state IN ('queued','running')",
                  {to_string(error.empty() ? ScanState::finished : ScanState::failed), error, to_unix_us(now), scan_id});
  forget_scan_credentials(transaction, scan_id);
}

Result<void> cancel_scan(Transaction& transaction, std::string_view scan_id, SystemTime now) {
  {
    Rows rows = transaction.query("SELECT state FROM scan WHERE id=?", {scan_id});
    if (!rows.next()) return Error(ErrorCode::not_found, "there is no such scan");
    const auto state = scan_state_from(rows.text(0));
    if (state == ScanState::cancelled) return {};
    if (state != ScanState::queued && state != ScanState::running)
      return Error(ErrorCode::conflict, "this scan has ended: " + rows.text(0));
  }
  transaction.run("DELETE FROM layer_claim WHERE job_id IN (SELECT id FROM job WHERE scan_id=? AND state='leased')", {scan_id});
  transaction.run("UPDATE job SET state='cancelled', item_state='cancelled' WHERE scan_id=? AND state IN ('queued','leased')", {scan_id});
  transaction.run("UPDATE scan_item SET state='cancelled', reason='the scan was cancelled' WHERE scan_id=? AND state='pending'", {scan_id});
  transaction.run("UPDATE scan SET state='cancelled', finished_at_us=? WHERE id=?", {to_unix_us(now), scan_id});
  forget_scan_credentials(transaction, scan_id);
  return {};
}

json scan_json(Transaction& transaction, std::string_view scan_id) {
  json out;
  {
    Rows rows = transaction.query("SELECT " + std::string(kScanColumns) + " FROM scan WHERE id=?", {scan_id});
    if (!rows.next()) return out;
    out = head_of(rows);
  }
  out["counts"] = counts_of(transaction, scan_id);
  out["jobs"] = jobs_of(transaction, scan_id);
  out["progress"] = progress_of(transaction, scan_id);
  out["errors"] = errors_of(transaction, scan_id);
  add_repositories(transaction, scan_id, out);
  return out;
}

json list_scans(Transaction& transaction, std::string_view state, std::string_view page_token, std::size_t page_size) {
  json out{{"scans", json::array()}, {"next_page_token", ""}};
  {
    Rows rows = transaction.query(
        "SELECT " + std::string(kScanColumns) + " FROM scan WHERE (?1='' OR id<?1) AND (?2='' OR state=?2) ORDER BY id DESC LIMIT ?3",
        {page_token, state, page_size + 1});
    while (rows.next()) {
      if (page_is_full(out, "scans", page_size)) break;
      out["scans"].push_back(head_of(rows));
    }
  }
  for (json& scan : out["scans"]) scan["counts"] = counts_of(transaction, scan["id"].get<std::string>());
  return out;
}

json list_scan_items(Transaction& transaction, std::string_view scan_id, std::string_view state, std::int64_t after,
                     std::size_t page_size) {
  json out{{"items", json::array()}, {"next_page_token", ""}};
  Rows rows = transaction.query(
      "SELECT id,repository,tag,index_digest,digest,media_type,platform,created,size_bytes,state,reason,pushed,time_source,code FROM "
      "scan_item"
      " WHERE scan_id=? AND id>? AND (?3='' OR state=?3) ORDER BY id LIMIT ?4",
      {scan_id, after, state, page_size + 1});
  while (rows.next()) {
    if (page_is_full(out, "items", page_size)) break;
    out["items"].push_back({{"id", rows.integer(0)},
                            {"repository", rows.text(1)},
                            {"tag", rows.text(2)},
                            {"index_digest", rows.text(3)},
                            {"digest", rows.text(4)},
                            {"media_type", rows.text(5)},
                            {"platform", rows.text(6)},
                            {"created", rows.text(7)},
                            {"size_bytes", rows.integer(8)},
                            {"state", rows.text(9)},
                            {"reason", rows.text(10)},
                            {"pushed", rows.text(11)},
                            {"time_source", rows.text(12)},
                            {"code", rows.text(13)}});
  }
  return out;
}

}  // namespace landwaiter::platform
