// SPDX-License-Identifier: Apache-2.0
#include "platform/store/lease.hpp"

#include "platform/store/ids.hpp"
#include "platform/store/queue/scan_counts.hpp"
#include "platform/store/scans.hpp"

#include <algorithm>

namespace landwaiter::platform {
namespace {

using protocol::JobKind;

/// How a token stands to its job.
enum class LeaseStanding { held, ran_out, ended, late };

struct FoundLease {
  LeasedJob job;
  LeaseStanding standing = LeaseStanding::held;
  SystemTime leased_at;
};

Error stale_lease() { return {ErrorCode::conflict, "this lease is stale: drop the job"}; }

Result<FoundLease> find_lease(Transaction& transaction, std::string_view job_id, const Secret& lease_token) {
  FoundLease found;
  LeasedJob& job = found.job;
  Rows rows = transaction.query(
      "SELECT job.scan_id,job.registry_id,job.kind,job.repository,job.digest,job.attempt,scan.created_at_us,scan.incremental,job.state,"
      " lease.sha256,job.ended_sha256,job.ran_out_sha256,scan.state,job.lane_id,job.class,job.rank,job.leased_at_us"
      " FROM job JOIN scan ON scan.id=job.scan_id LEFT JOIN lease ON lease.job_id=job.id WHERE job.id=?",
      {job_id});
  if (!rows.next()) return Error(ErrorCode::not_found, "there is no such job");
  job.sha256 = token_hash(lease_token.reveal());
  const auto state = job_state_from(rows.text(8));
  job.ended = same_hash(rows.bytes(10), job.sha256);
  const bool cancelled = state == JobState::cancelled || scan_state_from(rows.text(12)) == ScanState::cancelled;
  const bool ran_out = same_hash(rows.bytes(11), job.sha256);
  if (job.ended) {
    found.standing = LeaseStanding::ended;
  } else if (cancelled) {
    return Error(ErrorCode::conflict, "the scan of this job was cancelled");
  } else if (!same_hash(rows.bytes(9), job.sha256)) {
    if (!ran_out || state == JobState::leased || state == JobState::done) return stale_lease();
    found.standing = state == JobState::failed ? LeaseStanding::late : LeaseStanding::ran_out;
  }
  job.id = job_id;
  job.scan_id = rows.text(0);
  job.registry_id = rows.text(1);
  job.kind = protocol::job_kind_from(rows.text(2)).value_or(JobKind::image);
  job.repository = rows.text(3);
  job.digest = rows.text(4);
  job.attempt = static_cast<int>(rows.integer(5));
  job.scan_created_at_us = rows.integer(6);
  job.incremental = rows.integer(7) != 0;
  job.lane_id = rows.integer(13);
  job.job_class = static_cast<int>(rows.integer(14));
  job.rank = rows.integer(15);
  job.late = found.standing == LeaseStanding::late;
  found.leased_at = from_unix_us(rows.integer(16));
  return found;
}

/// From here on nobody else can end the lease before this transaction does. False if somebody has.
bool renew_lease(Transaction& transaction, const FoundLease& found, const LeaseTerms& terms) {
  return transaction.run("UPDATE lease SET until_us=? WHERE job_id=? AND sha256=?",
                         {to_unix_us(lease_end(terms, found.job.kind, found.leased_at)), found.job.id, found.job.sha256}) == 1;
}

/// The sensor was silent, but lives: what was counted of that is taken back. It may have taken other jobs since. False if another sensor
/// has the job.
bool take_up_again(Transaction& transaction, FoundLease& found, std::string_view sensor_id, const LeaseTerms& terms) {
  LeasedJob& job = found.job;
  const bool taken = transaction.run(
                         "UPDATE job SET state='leased', attempt=attempt+1, ran_out_sha256=NULL,"
                         " silent_ends=CASE WHEN silent_ends>ran_out_together THEN silent_ends-ran_out_together ELSE 0 END,"
                         " silent_ends_alone=CASE WHEN silent_ends_alone>ran_out_alone THEN silent_ends_alone-ran_out_alone ELSE 0 END,"
                         " ran_out_together=0, ran_out_alone=0 WHERE id=? AND ended_at_us IS NULL AND state<>'leased' AND ran_out_sha256=?",
                         {job.id, job.sha256}) == 1;
  if (!taken) return false;
  ++job.attempt;
  transaction.run(
      "INSERT INTO lease(job_id,scan_id,sensor_id,lane_id,class,kind,sha256,request_id,leased_at_us,until_us,alone)"
      " VALUES(?,?,?,?,?,?,?,'',?,?,0)",
      {job.id, job.scan_id, sensor_id, job.lane_id, job.job_class, to_string(job.kind), job.sha256, to_unix_us(found.leased_at),
       to_unix_us(lease_end(terms, job.kind, found.leased_at))});
  return true;
}

/// The lease with what it has counted; the caller holds it.
void end_lease(Transaction& transaction, const LeasedJob& job, Tally* tally) {
  {
    Rows rows = transaction.query("DELETE FROM lease WHERE job_id=? RETURNING bytes,layers,files,findings", {job.id});
    if (rows.next() && tally != nullptr) {
      int column = 0;
      for (const auto counter : {counters::kBytes, counters::kLayers, counters::kFiles, counters::kFindings}) {
        tally->add(job.scan_id, counter, rows.integer(column++));
      }
    }
  }
  release_claims(transaction, job.id);
}

}  // namespace

std::chrono::seconds heartbeat_interval(std::chrono::seconds lease) {
  return std::clamp(lease / 4, std::chrono::seconds(1), std::chrono::seconds(15));
}

SystemTime lease_end(const LeaseTerms& terms, JobKind kind, SystemTime leased_at) {
  const SystemTime end = terms.now + terms.length;
  return kind == JobKind::image ? std::min<SystemTime>(end, leased_at + terms.image_time_max) : end;
}

Result<LeasedJob> leased_job(Transaction& transaction, std::string_view job_id, const Secret& lease_token, std::string_view sensor_id,
                             const LeaseTerms& terms) {
  // Who ends the lease between the look and the touch has said so in the job by then.
  constexpr int kLooks = 2;
  for (int look = 0; look < kLooks; ++look) {
    auto found = find_lease(transaction, job_id, lease_token);
    if (!found) return found.error();
    switch (found->standing) {
      case LeaseStanding::ended:
      case LeaseStanding::late: return std::move(found->job);
      case LeaseStanding::held:
        if (renew_lease(transaction, *found, terms)) return std::move(found->job);
        break;
      case LeaseStanding::ran_out:
        if (take_up_again(transaction, *found, sensor_id, terms)) return std::move(found->job);
        break;
    }
  }
  return stale_lease();
}

void release_claims(Transaction& transaction, std::string_view job_id) {
  transaction.run("DELETE FROM layer_claim WHERE job_id=?", {job_id});
}

void end_job(Transaction& transaction, const LeasedJob& job, const JobEnd& end, SystemTime now) {
  Tally tally;
  end_lease(transaction, job, &tally);
  const ItemState from = job.late ? ItemState::failed : ItemState::pending;
  const std::string_view item_state = to_string(end.item_state);
  const std::optional<ByteView> sha256 = job.sha256.empty() ? std::nullopt : std::optional<ByteView>(job.sha256);
  const std::int64_t ended = transaction.run(
      "UPDATE job SET state=?, item_state=?, error=?, ended_sha256=?, ran_out_sha256=?, ended_at_us=? WHERE id=? AND state=?",
      {to_string(end.done ? JobState::done : JobState::failed), item_state, end.reason, end.by_holder ? sha256 : std::nullopt,
       end.by_holder ? std::nullopt : sha256, to_unix_us(now), job.id, to_string(job.late ? JobState::failed : JobState::leased)});
  if (ended == 0) return;
  if (job.kind == JobKind::image) {
    const std::int64_t items =
        transaction.run("UPDATE scan_item SET state=?, reason=?, code=? WHERE job_id=? AND state=?",
                        {item_state, end.reason, end.code ? to_string(*end.code) : std::string_view(), job.id, to_string(from)});
    tally.move(job.scan_id, from, end.item_state, items);
  }
  if (job.kind == JobKind::list && end.done) transaction.run("UPDATE listing SET done=1 WHERE job_id=?", {job.id});
  if (job.late) tally.add(job.scan_id, counters::kJobsFailed, -1);
  tally.add(job.scan_id, end.done ? counters::kJobsDone : counters::kJobsFailed, 1);
  tally.write(transaction);
  finish_scan_if_done(transaction, job.scan_id, now);
}

void requeue(Transaction& transaction, const LeasedJob& job, const Requeue& how, SystemTime now) {
  end_lease(transaction, job, nullptr);
  const bool ended = how.after == LeaseAfter::ended;
  constexpr auto kSuspectFrom = static_cast<std::int64_t>(limits::job_silent_ends_max);
  transaction.run(
      "UPDATE job SET state=CASE WHEN ?1=1 THEN 'delayed' WHEN silent_ends>=?2 THEN 'suspect' ELSE 'queued' END, not_before_us=?3,"
      " attempt=CASE WHEN ?4=1 OR attempt=0 THEN attempt ELSE attempt-1 END, error=CASE WHEN ?5='' THEN error ELSE ?5 END,"
      " ended_sha256=CASE WHEN ?6=1 THEN ?7 ELSE ended_sha256 END, ran_out_sha256=CASE WHEN ?6=1 THEN NULL ELSE ?7 END"
      " WHERE id=?8 AND state='leased'",
      {how.not_before.has_value(), kSuspectFrom, to_unix_us(how.not_before.value_or(now)), how.attempt_counted, how.error, ended,
       job.sha256, job.id});
}

}  // namespace landwaiter::platform
