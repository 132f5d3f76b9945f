// SPDX-License-Identifier: Apache-2.0
#include "platform/store/lease.hpp"

#include "platform/store/ids.hpp"
#include "platform/store/scans.hpp"

#include <algorithm>

namespace landwaiter::platform {

std::chrono::seconds heartbeat_interval(std::chrono::seconds lease) {
  return std::clamp(lease / 4, std::chrono::seconds(1), std::chrono::seconds(15));
}

Result<LeasedJob> leased_job(Transaction& transaction, std::string_view job_id, const Secret& lease_token, const LeaseTerms& terms) {
  LeasedJob job;
  bool ran_out = false;
  {
    Rows rows = transaction.query(
        "SELECT job.scan_id,job.registry_id,job.kind,job.repository,job.digest,job.attempt,scan.created_at_us,scan.incremental,"
        " job.state,job.lease_sha256,job.ended_sha256 FROM job JOIN scan ON scan.id=job.scan_id WHERE job.id=?",
        {job_id});
    if (!rows.next()) return Error(ErrorCode::not_found, "there is no such job");
    const Bytes hash = token_hash(lease_token.reveal());
    const auto state = job_state_from(rows.text(8));
    job.ended = same_hash(rows.bytes(10), hash);
    const bool open = state == JobState::leased || state == JobState::queued;
    if (!job.ended && state == JobState::cancelled) return Error(ErrorCode::conflict, "the scan of this job was cancelled");
    if (!job.ended && !(open && same_hash(rows.bytes(9), hash))) {
      return Error(ErrorCode::conflict, "this lease is stale: drop the job");
    }
    ran_out = !job.ended && state == JobState::queued;
    job.id = job_id;
    job.scan_id = rows.text(0);
    job.registry_id = rows.text(1);
    job.kind = protocol::job_kind_from(rows.text(2)).value_or(protocol::JobKind::image);
    job.repository = rows.text(3);
    job.digest = rows.text(4);
    job.attempt = static_cast<int>(rows.integer(5));
    job.scan_created_at_us = rows.integer(6);
    job.incremental = rows.integer(7) != 0;
  }
  if (ran_out) {
    // The sensor was silent, but lives: what reap_leases() counted is taken back. It may have taken other jobs since.
    transaction.run(
        "UPDATE job SET attempt=attempt+1, silent_ends=CASE WHEN silent_ends>1-alone THEN silent_ends-(1-alone) ELSE 0 END,"
        " silent_ends_alone=CASE WHEN silent_ends_alone>alone THEN silent_ends_alone-alone ELSE 0 END, "
        "alone=0 WHERE id=?",
        {job_id});
    ++job.attempt;
  }
  if (!job.ended) {
    transaction.run("UPDATE job SET state='leased', lease_until_us=? WHERE id=?", {to_unix_us(terms.now + terms.length), job_id});
  }
  return job;
}

void release_claims(Transaction& transaction, std::string_view job_id) {
  transaction.run("DELETE FROM layer_claim WHERE job_id=?", {job_id});
}

void end_job(Transaction& transaction, const LeasedJob& job, const JobEnd& end, SystemTime now) {
  const JobState state = end.done ? JobState::done : JobState::failed;
  const std::string_view item_state = to_string(end.item_state);
  transaction.run("UPDATE job SET state=?, item_state=?, error=?, ended_sha256=lease_sha256, lease_sha256=NULL WHERE id=?",
                  {to_string(state), item_state, end.reason, job.id});
  if (job.kind == protocol::JobKind::image) {
    transaction.run("UPDATE scan_item SET state=?, reason=?, code=? WHERE job_id=? AND state='pending'",
                    {item_state, end.reason, end.code ? to_string(*end.code) : std::string_view(), job.id});
  }
  release_claims(transaction, job.id);
  finish_scan_if_done(transaction, job.scan_id, now);
}

}  // namespace landwaiter::platform
