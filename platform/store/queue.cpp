// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/wire/sealed_credentials.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"
#include "platform/store/sensors.hpp"

#include <algorithm>
#include <map>

namespace landwaiter::platform {
namespace {

using namespace std::chrono_literals;
using protocol::JobKind;

constexpr std::chrono::seconds kRetryWaitFirst = 5s;
constexpr std::chrono::seconds kRetryWaitMax = 15min;
constexpr std::size_t kReasonBytesMax = 2000;
constexpr int kTagsInJobMax = 100;
constexpr auto kSilentEndsMax = static_cast<std::int64_t>(limits::job_silent_ends_max);

struct ActiveScan {
  std::string id;
  std::int64_t priority = 0;
  std::int64_t leased = 0;
  std::int64_t created_at_us = 0;
};

std::vector<ActiveScan> active_scans(Transaction& transaction) {
  std::vector<ActiveScan> scans;
  Rows rows = transaction.query(
      "SELECT id,priority,created_at_us,(SELECT count(*) FROM job WHERE job.scan_id=scan.id AND job.state='leased')"
      " FROM scan WHERE state IN ('queued','running')");
  while (rows.next()) scans.push_back({rows.text(0), rows.integer(1), rows.integer(3), rows.integer(2)});
  return scans;
}

bool goes_first(const ActiveScan& a, const ActiveScan& b) {
  return std::make_tuple(-a.priority, a.leased, a.created_at_us) < std::make_tuple(-b.priority, b.leased, b.created_at_us);
}

/// The next job of a scan; empty if none is ready.
std::string next_job_of(Transaction& transaction, const std::string& scan_id, const std::vector<JobKind>& kinds, SystemTime now) {
  for (const JobKind kind : {JobKind::list, JobKind::image}) {
    if (std::ranges::find(kinds, kind) == kinds.end()) continue;
    Rows rows = transaction.query(
        "SELECT id FROM job WHERE scan_id=? AND state='queued' AND kind=? AND not_before_us<=? AND silent_ends<?"
        " ORDER BY not_before_us,id LIMIT 1",
        {scan_id, to_string(kind), to_unix_us(now), kSilentEndsMax});
    if (rows.next()) return rows.text(0);
  }
  return {};
}

/// The suspect job that has been ready for the longest time, at least since `ready_at`; empty if there is none.
std::string next_suspect(Transaction& transaction, const std::vector<JobKind>& kinds, SystemTime ready_at) {
  Rows rows = transaction.query(
      "SELECT job.id,job.kind FROM job JOIN scan ON scan.id=job.scan_id WHERE job.state='queued' AND job.silent_ends>0"
      " AND job.silent_ends>=? AND job.not_before_us<=? AND scan.state IN ('queued','running') ORDER BY job.not_before_us,job.id",
      {kSilentEndsMax, to_unix_us(ready_at)});
  while (rows.next()) {
    const auto kind = protocol::job_kind_from(rows.text(1));
    if (kind && std::ranges::find(kinds, *kind) != kinds.end()) return rows.text(0);
  }
  return {};
}

/// What a sensor has leased now.
struct Holding {
  bool any = false;
  bool suspect = false;
};

Holding holding_of(Transaction& transaction, const std::string& sensor_id) {
  Rows rows = transaction.query("SELECT count(*),coalesce(max(alone),0) FROM job WHERE state='leased' AND sensor_id=?", {sensor_id});
  if (!rows.next()) return {};
  return {rows.integer(0) > 0, rows.integer(1) != 0};
}

void read_tags(Transaction& transaction, const std::string& job_id, const std::string& registry_id, protocol::ImageWork& image) {
  Rows rows = transaction.query(
      "SELECT tag FROM scan_item WHERE job_id=? AND registry_id=? AND repository=? AND tag<>'' GROUP BY tag ORDER BY min(id) LIMIT ?",
      {job_id, registry_id, image.repository, kTagsInJobMax});
  while (rows.next()) image.tags.push_back(rows.text(0));
}

/// Fills a job from its row; returns its registry's id.
std::string read_job(Transaction& transaction, protocol::Job& job) {
  std::string registry_id;
  protocol::ImageWork image;
  {
    Rows rows = transaction.query(
        "SELECT "
        "job.scan_id,registry_id,job.kind,attempt,references_json,repositories_json,cursor,repository,digest,scan.incremental,filter_json"
        " FROM job JOIN scan ON scan.id=job.scan_id WHERE job.id=?",
        {job.id});
    if (!rows.next()) return {};
    job.scan_id = rows.text(0);
    registry_id = rows.text(1);
    job.attempt = static_cast<int>(rows.integer(3));
    job.options.incremental = rows.integer(9) != 0;
    if (rows.text(2) == to_string(JobKind::list)) {
      // Jobs of an older version have no filter_json.
      protocol::ListWork list;
      if (auto filter = parse_json_as<protocol::ListWork>(rows.text(10), "filter", kJsonStored)) list = *std::move(filter);
      list.references = stored_texts(rows.text(4));
      list.repositories = stored_texts(rows.text(5));
      list.cursor = rows.text(6);
      job.work = std::move(list);
      return registry_id;
    }
    image.repository = rows.text(7);
    if (const auto digest = Digest::parse(rows.text(8))) image.digest = *digest;
  }
  read_tags(transaction, job.id, registry_id, image);
  job.work = std::move(image);
  return registry_id;
}

/// Credentials are decrypted once per registry in an answer.
using AccessCache = std::map<std::string, RegistryAccess>;

/// The job is complete but for its registry.
Result<void> add_registry(Transaction& transaction, const Vault& vault, const Acquirer& acquirer, const std::string& registry_id,
                          SystemTime now, AccessCache& cache, protocol::Job& job) {
  auto known = cache.find(registry_id);
  if (known == cache.end()) {
    auto access = registry_access(transaction, vault, registry_id);
    if (!access) return access.error();
    known = cache.emplace(registry_id, *std::move(access)).first;
  }
  job.registry = known->second.target;
  if (known->second.credentials.empty()) return {};
  auto bound = protocol::bind_credentials(known->second.credentials, job, now + protocol::kSealedTimeMax);
  if (!bound) return bound.error();
  auto sealed = seal_to(acquirer.public_key, *bound);
  if (!sealed) return sealed.error();
  job.sealed_credentials = base64_encode(*sealed);
  return {};
}

void lease(Transaction& transaction, const Acquirer& acquirer, const LeaseTerms& terms, protocol::Job& job) {
  job.lease_token = new_token("lwl_");
  job.lease = terms.length;
  transaction.run(
      "UPDATE job SET state='leased', attempt=attempt+1, lease_sha256=?, lease_until_us=?, sensor_id=?, bytes=0, layers=0, files=0, "
      "findings=0, leased_at_us=?, alone=CASE WHEN silent_ends>=? THEN 1 ELSE 0 END"
      " WHERE id=?",
      {token_hash(job.lease_token.reveal()), to_unix_us(terms.now + terms.length), acquirer.sensor_id, to_unix_us(terms.now),
       kSilentEndsMax, job.id});
  // The previous holder has lost it, along with its claims.
  release_claims(transaction, job.id);
}

void mark_running(Transaction& transaction, const std::string& scan_id, SystemTime now) {
  transaction.run("UPDATE scan SET state='running', started_at_us=? WHERE id=? AND state='queued'", {to_unix_us(now), scan_id});
}

std::chrono::seconds retry_wait(int attempt, std::chrono::seconds asked) {
  const auto grown = std::min(kRetryWaitMax, kRetryWaitFirst * (1 << std::clamp(attempt - 1, 0, 10)));
  return std::clamp(asked, grown, std::max<std::chrono::seconds>(grown, 1h));
}

/// A manifest that is gone from one repository may still be in another listed one: try there before giving up.
bool try_elsewhere(Transaction& transaction, const LeasedJob& job, const std::string& reason) {
  transaction.run(
      "UPDATE scan_item SET state='gone', code='not_found', reason=? WHERE job_id=? AND registry_id=? AND repository=? AND state='pending'",
      {reason, job.id, job.registry_id, job.repository});
  std::string registry_id, repository;
  {
    Rows rows =
        transaction.query("SELECT registry_id,repository FROM scan_item WHERE job_id=? AND state='pending' ORDER BY id LIMIT 1", {job.id});
    if (!rows.next()) return false;
    registry_id = rows.text(0);
    repository = rows.text(1);
  }
  transaction.run(
      "UPDATE job SET state='queued', registry_id=?, repository=?, attempt=0, ended_sha256=lease_sha256, lease_sha256=NULL WHERE id=?",
      {registry_id, repository, job.id});
  release_claims(transaction, job.id);
  return true;
}

/// One answer to a sensor in the making.
struct Handout {
  Transaction& transaction;
  const Vault& vault;
  const Acquirer& acquirer;
  const LeaseTerms& terms;
  AccessCache cache = {};
  std::vector<protocol::Job> jobs = {};

  Result<void> add(const std::string& job_id) {
    protocol::Job job;
    job.id = job_id;
    lease(transaction, acquirer, terms, job);
    const std::string registry_id = read_job(transaction, job);
    auto reachable = add_registry(transaction, vault, acquirer, registry_id, terms.now, cache, job);
    if (!reachable) return reachable;
    mark_running(transaction, job.scan_id, terms.now);
    jobs.push_back(std::move(job));
    return {};
  }
};

/// "image team/app@sha256:...", or what a list job is for people.
std::string job_name(Transaction& transaction, const LeasedJob& job) {
  if (job.kind == JobKind::list) return "the list of images";
  Rows rows = transaction.query("SELECT repository,digest FROM job WHERE id=?", {job.id});
  return rows.next() ? "image " + rows.text(0) + '@' + rows.text(1) : "the image";
}

/// Ends a job that no call of a sensor ended.
void give_up(Transaction& transaction, const LeasedJob& job, std::string reason, SystemTime now) {
  const JobEnd end{false, ItemState::failed, std::move(reason), ErrorCode::timeout};
  end_job(transaction, job, end, now);
  transaction.run("UPDATE job SET ended_sha256=NULL WHERE id=?", {job.id});
}

std::vector<LeasedJob> leased_jobs_where(Transaction& transaction, const std::string& condition, SystemTime before) {
  std::vector<LeasedJob> out;
  Rows rows = transaction.query("SELECT id,scan_id,kind FROM job WHERE state='leased' AND " + condition, {to_unix_us(before)});
  while (rows.next()) {
    LeasedJob job;
    job.id = rows.text(0);
    job.scan_id = rows.text(1);
    job.kind = protocol::job_kind_from(rows.text(2)).value_or(JobKind::image);
    out.push_back(std::move(job));
  }
  return out;
}

/// The sensor of a job went silent: counts that, and puts the job back or gives it up.
void end_silently(Transaction& transaction, const LeasedJob& job, SystemTime now) {
  transaction.run(
      "UPDATE job SET state='queued', not_before_us=CASE WHEN silent_ends+1-alone>=? THEN ? ELSE 0 END, attempt=CASE WHEN attempt>0 THEN "
      "attempt-1 ELSE 0 END,"
      " silent_ends=silent_ends+1-alone, silent_ends_alone=silent_ends_alone+alone WHERE id=?",
      {kSilentEndsMax, to_unix_us(now), job.id});
  release_claims(transaction, job.id);
  const auto alone = transaction.number("SELECT silent_ends_alone FROM job WHERE id=?", {job.id});
  if (alone < static_cast<std::int64_t>(limits::job_silent_ends_alone_max)) return;
  give_up(transaction, job,
          "a sensor stopped responding, " + std::to_string(alone) + " times, while " + job_name(transaction, job) +
              " was its only job: it is not tried again, because it may be what ends sensors; their logs and memory limits may tell why",
          now);
}

}  // namespace

Result<std::vector<protocol::Job>> acquire_jobs(Transaction& transaction, const Vault& vault, const Acquirer& acquirer,
                                                std::size_t capacity, const LeaseTerms& terms) {
  reap_leases(transaction, terms);
  Handout out{transaction, vault, acquirer, terms};
  const Holding held = holding_of(transaction, acquirer.sensor_id);
  if (held.suspect || capacity == 0) return out.jobs;
  std::string suspect = next_suspect(transaction, acquirer.kinds, terms.now - limits::suspect_wait_max);
  if (!suspect.empty() && held.any) return out.jobs;  // its jobs end first
  std::vector<ActiveScan> scans;
  if (suspect.empty()) scans = active_scans(transaction);
  while (out.jobs.size() < capacity && !scans.empty()) {
    const auto scan = std::ranges::min_element(scans, goes_first);
    const std::string job_id = next_job_of(transaction, scan->id, acquirer.kinds, terms.now);
    if (job_id.empty()) {
      scans.erase(scan);
      continue;
    }
    auto added = out.add(job_id);
    if (!added) return added.error();
    ++scan->leased;
  }
  if (held.any || !out.jobs.empty()) return out.jobs;
  if (suspect.empty()) suspect = next_suspect(transaction, acquirer.kinds, terms.now);
  if (!suspect.empty()) {
    auto added = out.add(suspect);
    if (!added) return added.error();
  }
  return out.jobs;
}

protocol::HeartbeatAnswer heartbeat(Transaction& transaction, std::string_view sensor_id, const protocol::Heartbeat& beat,
                                    const LeaseTerms& terms) {
  note_sensor(transaction, sensor_id, beat.version, beat.states, terms.now);
  note_documents_state(transaction, sensor_id, beat.documents_state);
  protocol::HeartbeatAnswer answer;
  answer.interval = heartbeat_interval(terms.length);
  for (const protocol::JobProgress& progress : beat.jobs) {
    const auto job = leased_job(transaction, progress.job_id, progress.lease_token, terms);
    if (job && !job->ended) {
      transaction.run("UPDATE job SET bytes=?, layers=?, files=?, findings=? WHERE id=?",
                      {storage::bounded(progress.bytes), storage::bounded(progress.layers), storage::bounded(progress.files),
                       storage::bounded(progress.findings), progress.job_id});
      continue;
    }
    const bool cancelled = transaction.number("SELECT count(*) FROM job WHERE id=? AND state='cancelled'", {progress.job_id}) != 0;
    (cancelled ? answer.cancelled : answer.lost).push_back(progress.job_id);
  }
  return answer;
}

bool reap_leases(Transaction& transaction, const LeaseTerms& terms) {
  const auto endless = leased_jobs_where(transaction, "kind='image' AND leased_at_us<?", terms.now - terms.image_time_max);
  for (const LeasedJob& job : endless) {
    give_up(transaction, job,
            job_name(transaction, job) + " was not read within " + std::to_string(terms.image_time_max.count()) +
                " s, the platform's time for one image (--image-time-s)",
            terms.now);
  }
  const auto expired = leased_jobs_where(transaction, "lease_until_us<?", terms.now);
  for (const LeasedJob& job : expired) end_silently(transaction, job, terms.now);
  return !endless.empty() || !expired.empty();
}

bool delayed_job_became_ready(Transaction& transaction, SystemTime after, SystemTime now) {
  return transaction.number(
             "SELECT EXISTS(SELECT 1 FROM job WHERE state='queued' AND not_before_us>0 AND not_before_us>? AND not_before_us<=?)",
             {to_unix_us(after), to_unix_us(now)}) != 0;
}

void extend_leases_after_start(Transaction& transaction, const LeaseTerms& terms) {
  transaction.run("UPDATE job SET lease_until_us=?1 WHERE state='leased' AND lease_until_us<?1", {to_unix_us(terms.now + terms.length)});
}

void fail_job(Transaction& transaction, const LeasedJob& job, const protocol::JobFailure& failure, SystemTime now) {
  const std::string reason = failure.reason.substr(0, kReasonBytesMax);
  if (failure.handed_back) {
    transaction.run(
        "UPDATE job SET state='queued', attempt=CASE WHEN attempt>0 THEN attempt-1 ELSE 0 END, not_before_us=0, ended_sha256=lease_sha256, "
        "lease_sha256=NULL WHERE id=?",
        {job.id});
    release_claims(transaction, job.id);
    return;
  }
  if (failure.retryable && job.attempt < static_cast<int>(limits::job_attempts_max)) {
    transaction.run("UPDATE job SET state='queued', not_before_us=?, error=?, ended_sha256=lease_sha256, lease_sha256=NULL WHERE id=?",
                    {to_unix_us(now + retry_wait(job.attempt, failure.retry_after)), reason, job.id});
    release_claims(transaction, job.id);
    return;
  }
  if (job.kind == JobKind::image && failure.code == ErrorCode::not_found && try_elsewhere(transaction, job, reason)) return;
  end_job(transaction, job, {false, item_state_of(failure.code), reason, failure.code}, now);
}

}  // namespace landwaiter::platform
