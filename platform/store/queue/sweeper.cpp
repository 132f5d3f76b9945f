// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue/sweeper.hpp"

#include "platform/store/dialect.hpp"
#include "platform/store/queue/scan_counts.hpp"
#include "platform/store/scans.hpp"

#include <iterator>
#include <vector>

namespace landwaiter::platform {
namespace {

using protocol::JobKind;
using storage::Value;

/// Of each thing to do, in one transaction: some ten milliseconds.
constexpr std::size_t kSweepBatch = 500;

/// "image team/app@sha256:...", or what a list job is for people.
std::string job_name(const LeasedJob& job) {
  if (job.kind == JobKind::list) return "the list of images";
  return "image " + job.repository + '@' + job.digest;
}

/// A lease that ran out.
struct RanOut {
  LeasedJob job;
  bool alone = false;
  SystemTime leased_at;
};

// It waits for who ends some of them at this moment: then what is free can be seen. All take them in one order.
std::vector<RanOut> ran_out(Transaction& transaction, SystemTime now, std::size_t count_max) {
  std::vector<RanOut> out;
  Rows rows = transaction.query(
      locking(transaction,
              "SELECT lease.job_id,lease.scan_id,lease.kind,lease.sha256,lease.alone,lease.leased_at_us,job.repository,job.digest"
              " FROM lease JOIN job ON job.id=lease.job_id WHERE lease.until_us<? ORDER BY lease.job_id LIMIT ?",
              "lease"),
      {to_unix_us(now), count_max});
  while (rows.next()) {
    RanOut& lease = out.emplace_back();
    lease.job.id = rows.text(0);
    lease.job.scan_id = rows.text(1);
    lease.job.kind = protocol::job_kind_from(rows.text(2)).value_or(JobKind::image);
    lease.job.sha256.assign(rows.bytes(3).begin(), rows.bytes(3).end());
    lease.alone = rows.integer(4) != 0;
    lease.leased_at = from_unix_us(rows.integer(5));
    lease.job.repository = rows.text(6);
    lease.job.digest = rows.text(7);
  }
  return out;
}

/// Ends a job that no call of a sensor ended.
void give_up(Transaction& transaction, const LeasedJob& job, std::string reason, SystemTime now) {
  const JobEnd end{
      .done = false, .item_state = ItemState::failed, .reason = std::move(reason), .code = ErrorCode::timeout, .by_holder = false};
  end_job(transaction, job, end, now);
}

std::size_t let_delayed_jobs_go(Transaction& transaction, SystemTime now, std::size_t count_max) {
  const std::string due =
      locking(transaction, "SELECT id FROM job WHERE state='delayed' AND not_before_us<=?2 ORDER BY not_before_us,id LIMIT ?3", "job");
  return static_cast<std::size_t>(
      transaction.run("UPDATE job SET state=CASE WHEN silent_ends>=?1 THEN 'suspect' ELSE 'queued' END WHERE id IN (" + due + ")",
                      {limits::job_silent_ends_max, to_unix_us(now), count_max}));
}

std::vector<std::string> first_texts(Rows rows) {
  std::vector<std::string> out;
  while (rows.next()) out.push_back(rows.text(0));
  return out;
}

/// True if there is more.
bool settle_cancelled_scans(Transaction& transaction, SystemTime now) {
  const auto scans =
      first_texts(transaction.query("SELECT id FROM scan WHERE state='cancelled' AND settled=0 ORDER BY id LIMIT ?", {kSweepBatch}));
  std::size_t left = kSweepBatch;
  for (const std::string& scan : scans) {
    if (left == 0) return true;
    left -= cancel_open_jobs(transaction, scan, left, now);
    if (left == 0) return true;
    // A listing that is at work now may still queue jobs; it is open as long.
    transaction.run(
        "UPDATE scan SET settled=1 WHERE id=? AND NOT EXISTS(SELECT 1 FROM job WHERE job.scan_id=scan.id AND ended_at_us IS NULL)", {scan});
  }
  return scans.size() == kSweepBatch;
}

void finish_scans(Transaction& transaction, SystemTime now) {
  const auto scans = first_texts(
      transaction.query("SELECT id FROM scan WHERE state IN ('queued','running') AND NOT EXISTS(SELECT 1 FROM job WHERE job.scan_id=scan.id"
                        " AND job.ended_at_us IS NULL) ORDER BY id LIMIT ?",
                        {kSweepBatch}));
  for (const std::string& scan : scans) finish_scan_if_done(transaction, scan, now);
}

}  // namespace

Swept sweep(Transaction& transaction, const LeaseTerms& terms) {
  Swept swept;
  const std::size_t freed = free_due_jobs(transaction, terms, kSweepBatch);
  swept.jobs = freed > 0;
  swept.more = freed >= kSweepBatch;
  swept.more |= settle_cancelled_scans(transaction, terms.now);
  finish_scans(transaction, terms.now);
  constexpr std::size_t kCountsPerJob = 8;
  swept.more |= fold_counts(transaction, kSweepBatch * kCountsPerJob);
  return swept;
}

void end_silently(Transaction& transaction, const LeasedJob& job, bool alone, SystemTime now) {
  const int ends_alone = alone ? 1 : 0;
  transaction.run(
      "UPDATE job SET silent_ends=silent_ends+?1, silent_ends_alone=silent_ends_alone+?2, ran_out_together=?1, ran_out_alone=?2 WHERE "
      "id=?3",
      {1 - ends_alone, ends_alone, job.id});
  const auto deaths = transaction.number("SELECT silent_ends_alone FROM job WHERE id=?", {job.id});
  if (deaths < static_cast<std::int64_t>(limits::job_silent_ends_alone_max)) {
    requeue(transaction, job, {}, now);
    return;
  }
  give_up(transaction, job,
          "a sensor stopped responding, " + std::to_string(deaths) + " times, while " + job_name(job) +
              " was its only job: it is not tried again, because it may be what ends sensors; their logs and memory limits may tell why",
          now);
}

std::size_t free_due_jobs(Transaction& transaction, const LeaseTerms& terms, std::size_t count_max) {
  const std::vector<RanOut> leases = ran_out(transaction, terms.now, count_max);
  for (const RanOut& lease : leases) {
    if (lease.job.kind == JobKind::image && lease.leased_at + terms.image_time_max <= terms.now) {
      give_up(transaction, lease.job,
              job_name(lease.job) + " was not read within " + std::to_string(terms.image_time_max.count()) +
                  " s, the platform's time for one image (--image-time-s)",
              terms.now);
    } else {
      end_silently(transaction, lease.job, lease.alone, terms.now);
    }
  }
  return leases.size() + let_delayed_jobs_go(transaction, terms.now, count_max);
}

// Whoever ends a job has its lease first, so that is what is taken first of those that are leased.
std::size_t cancel_open_jobs(Transaction& transaction, std::string_view scan_id, std::size_t count_max, SystemTime now) {
  auto jobs = first_texts(transaction.query(
      locking_free_ones(transaction, "SELECT job_id FROM lease WHERE scan_id=? ORDER BY job_id LIMIT ?", "lease"), {scan_id, count_max}));
  if (jobs.size() < count_max) {
    auto waiting = first_texts(transaction.query(
        locking_free_ones(transaction, "SELECT id FROM job WHERE scan_id=? AND ended_at_us IS NULL AND state<>'leased' ORDER BY id LIMIT ?",
                          "job"),
        {scan_id, count_max - jobs.size()}));
    jobs.insert(jobs.end(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
  }
  std::vector<std::vector<Value>> by_id, ends;
  for (const std::string& job : jobs) {
    by_id.push_back({job});
    ends.push_back({to_unix_us(now), job});
  }
  transaction.run_each("DELETE FROM lease WHERE job_id=?", by_id);
  transaction.run_each("DELETE FROM layer_claim WHERE job_id=?", by_id);
  transaction.run_each("UPDATE job SET state='cancelled', item_state='cancelled', error='the scan was cancelled', ended_at_us=? WHERE id=?",
                       ends);
  const std::int64_t cancelled = transaction.run_each(
      "UPDATE scan_item SET state='cancelled', reason='the scan was cancelled' WHERE job_id=? AND state='pending'", by_id);
  Tally tally;
  tally.move(scan_id, ItemState::pending, ItemState::cancelled, cancelled);
  tally.add(scan_id, counters::kJobsCancelled, static_cast<std::int64_t>(jobs.size()));
  tally.write(transaction);
  return jobs.size();
}

}  // namespace landwaiter::platform
