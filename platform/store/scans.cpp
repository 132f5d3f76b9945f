// SPDX-License-Identifier: Apache-2.0
#include "platform/store/scans.hpp"

#include "core/base/json_reader.hpp"
#include "core/wire/filter.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/queue/scan_counts.hpp"
#include "platform/store/states.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

constexpr std::size_t kErrorsShown = 100;

/// What a scan's counts say. Of one that was cancelled, what is still open counts as cancelled: the sweeper is on its way to it.
json items_json(const ScanCounts& counts, bool cancelled) {
  json out = json::object();
  std::int64_t listed = 0;
  for (const ItemState state : kAllItemStates) {
    const std::int64_t n = count_in(counts, to_string(state));
    listed += n;
    const bool ends = cancelled && state == ItemState::pending;
    out[std::string(to_string(state))] = ends ? 0 : n;
    if (state == ItemState::cancelled && cancelled) out["cancelled"] = n + count_in(counts, to_string(ItemState::pending));
  }
  out["listed"] = listed;
  return out;
}

json jobs_json(const ScanCounts& counts, std::int64_t leased, bool cancelled) {
  const std::int64_t done = count_in(counts, counters::kJobsDone), failed = count_in(counts, counters::kJobsFailed);
  const std::int64_t ended_early = count_in(counts, counters::kJobsCancelled);
  const std::int64_t open = count_in(counts, counters::kJobs) - done - failed - ended_early;
  return {{"queued", cancelled ? 0 : std::max<std::int64_t>(open - leased, 0)},
          {"leased", cancelled ? 0 : leased},
          {"done", done},
          {"failed", failed},
          {"cancelled", cancelled ? ended_early + open : ended_early}};
}

/// What its leased jobs have done so far.
struct InProgress {
  std::int64_t jobs = 0, bytes = 0, layers = 0, files = 0, findings = 0;
};

InProgress in_progress(Transaction& transaction, std::string_view scan_id) {
  Rows rows = transaction.query(
      "SELECT count(*),coalesce(sum(bytes),0),coalesce(sum(layers),0),coalesce(sum(files),0),coalesce(sum(findings),0) FROM lease"
      " WHERE scan_id=?",
      {scan_id});
  if (!rows.next()) return {};
  return {rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)};
}

/// Adds how many repositories the scan's listings have passed.
void add_repositories(Transaction& transaction, std::string_view scan_id, json& out) {
  Rows rows = transaction.query(
      "SELECT coalesce(sum(repositories_listed),0),coalesce(sum(repositories_filtered),0) FROM listing WHERE scan_id=?", {scan_id});
  if (!rows.next()) return;
  out["repositories_listed"] = rows.integer(0);
  out["repositories_filtered"] = rows.integer(1);
}

void add_counts(Transaction& transaction, std::string_view scan_id, json& out) {
  const bool cancelled = out["state"] == to_string(ScanState::cancelled);
  const ScanCounts counts = scan_counts(transaction, scan_id);
  const InProgress now = in_progress(transaction, scan_id);
  out["counts"] = items_json(counts, cancelled);
  out["jobs"] = jobs_json(counts, now.jobs, cancelled);
  out["progress"] = {{"bytes", count_in(counts, counters::kBytes) + now.bytes},
                     {"layers", count_in(counts, counters::kLayers) + now.layers},
                     {"files", count_in(counts, counters::kFiles) + now.files},
                     {"findings", count_in(counts, counters::kFindings) + now.findings}};
}

/// The first of each state by the index, together the first of all.
json errors_of(Transaction& transaction, std::string_view scan_id) {
  std::map<std::int64_t, json> first;
  for (const ItemState state : {ItemState::failed, ItemState::gone, ItemState::unsupported}) {
    Rows rows = transaction.query(
        "SELECT id,repository,tag,digest,state,reason,code FROM scan_item WHERE scan_id=? AND state=? ORDER BY id LIMIT ?",
        {scan_id, to_string(state), kErrorsShown});
    while (rows.next()) {
      first[rows.integer(0)] = {{"repository", rows.text(1)}, {"tag", rows.text(2)},    {"digest", rows.text(3)},
                                {"state", rows.text(4)},      {"reason", rows.text(5)}, {"code", rows.text(6)}};
    }
  }
  json errors = json::array();
  for (auto& [id, error] : first) {
    if (errors.size() == kErrorsShown) break;
    errors.push_back(std::move(error));
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

std::int64_t lane_of_registry(Transaction& transaction, std::string_view registry_id) {
  transaction.run("INSERT INTO lane(endpoint,jobs_max) SELECT endpoint,? FROM registry WHERE id=? ON CONFLICT(endpoint) DO NOTHING",
                  {kLaneJobsMax, registry_id});
  return transaction.number("SELECT lane.id FROM lane JOIN registry ON registry.endpoint=lane.endpoint WHERE registry.id=?", {registry_id});
}

void create_list_job(Transaction& transaction, std::string_view scan_id, std::string_view registry_id, const protocol::ListWork& work,
                     SystemTime now) {
  protocol::ListWork rest = work;
  const std::string references = dump_json(json(std::exchange(rest.references, {})));
  const std::string repositories = dump_json(json(std::exchange(rest.repositories, {})));
  const std::string id = new_id(now);
  transaction.run(
      "INSERT INTO job(id,scan_id,registry_id,lane_id,kind,class,rank,turn,state,created_at_us)"
      " SELECT ?,scan.id,?,lane.id,'list',CASE WHEN scan.kind='references' THEN 0 ELSE 1 END,-scan.priority,lane.turn,'queued',?"
      " FROM scan, lane WHERE scan.id=? AND lane.id=?",
      {id, registry_id, to_unix_us(now), scan_id, lane_of_registry(transaction, registry_id)});
  transaction.run(
      "INSERT INTO listing(job_id,registry_id,scan_id,references_json,repositories_json,exclude_repositories_json,filter_json)"
      " VALUES(?,?,?,?,?,?,?)",
      {id, registry_id, scan_id, references, repositories, dump_json(json(rest.exclude_repositories)), dump_json(json(rest))});
  Tally tally;
  tally.add(scan_id, counters::kJobs, 1);
  tally.write(transaction);
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
      " FROM listing JOIN listing AS last ON last.registry_id=listing.registry_id AND last.done=1 AND last.job_id<listing.job_id"
      " AND last.references_json='[]' AND last.repositories_json=listing.repositories_json"
      " AND last.exclude_repositories_json=listing.exclude_repositories_json"
      " WHERE listing.job_id=? ORDER BY last.job_id DESC LIMIT 1",
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
        "SELECT scan_id,repositories_json,exclude_repositories_json,repositories_listed,repositories_filtered FROM listing"
        " WHERE job_id=? AND references_json='[]'",
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

namespace {

/// Why a scan without open jobs has failed; empty if it has not.
std::string failure_of_scan(Transaction& transaction, std::string_view scan_id) {
  {
    Rows rows = transaction.query(
        "SELECT job.error FROM listing JOIN job ON job.id=listing.job_id WHERE listing.scan_id=? AND job.state='failed'"
        " ORDER BY job.id LIMIT 1",
        {scan_id});
    if (rows.next()) return "the listing failed: " + rows.text(0);
  }
  const ScanCounts counts = scan_counts(transaction, scan_id);
  const std::int64_t failed = count_in(counts, to_string(ItemState::failed));
  const bool any_read = count_in(counts, to_string(ItemState::scanned)) > 0 || count_in(counts, to_string(ItemState::unchanged)) > 0;
  if (failed == 0 || any_read) return {};
  return "no image could be scanned: " + std::to_string(failed) + " failed";
}

}  // namespace

bool finish_scan_if_done(Transaction& transaction, std::string_view scan_id, SystemTime now) {
  if (transaction.number("SELECT EXISTS(SELECT 1 FROM job WHERE scan_id=? AND ended_at_us IS NULL)", {scan_id}) != 0) return false;
  const std::string error = failure_of_scan(transaction, scan_id);
  transaction.run("UPDATE scan SET state=?, error=?, finished_at_us=coalesce(finished_at_us,?) WHERE id=? AND state<>'cancelled'",
                  {to_string(error.empty() ? ScanState::finished : ScanState::failed), error, to_unix_us(now), scan_id});
  forget_scan_credentials(transaction, scan_id);
  return true;
}

Result<void> cancel_scan(Transaction& transaction, std::string_view scan_id, SystemTime now) {
  const bool is_now = transaction.run("UPDATE scan SET state='cancelled', finished_at_us=? WHERE id=? AND state IN ('queued','running')",
                                      {to_unix_us(now), scan_id}) == 1;
  if (!is_now) {
    Rows rows = transaction.query("SELECT state FROM scan WHERE id=?", {scan_id});
    if (!rows.next()) return Error(ErrorCode::not_found, "there is no such scan");
    if (scan_state_from(rows.text(0)) == ScanState::cancelled) return {};
    return Error(ErrorCode::conflict, "this scan has ended: " + rows.text(0));
  }
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
  add_counts(transaction, scan_id, out);
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
  for (json& scan : out["scans"]) {
    const ScanCounts counts = scan_counts(transaction, scan["id"].get_ref<const std::string&>());
    scan["counts"] = items_json(counts, scan["state"] == to_string(ScanState::cancelled));
  }
  return out;
}

json list_scan_items(Transaction& transaction, std::string_view scan_id, std::string_view state, std::int64_t after,
                     std::size_t page_size) {
  json out{{"items", json::array()}, {"next_page_token", ""}};
  // One index walk for all of them, another for one state.
  std::string statement =
      "SELECT id,repository,tag,index_digest,digest,media_type,platform,created,size_bytes,state,reason,pushed,time_source,code"
      " FROM scan_item WHERE scan_id=?1 AND id>?2";
  std::vector<storage::Value> values{scan_id, after, page_size + 1};
  if (!state.empty()) {
    statement += " AND state=?4";
    values.emplace_back(state);
  }
  Rows rows = transaction.query(statement + " ORDER BY id LIMIT ?3", values);
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
