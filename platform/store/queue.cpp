// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/wire/sealed_credentials.hpp"
#include "platform/store/dialect.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/queue/lanes.hpp"
#include "platform/store/queue/scan_counts.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"
#include "platform/store/sensors.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace landwaiter::platform {
namespace {

using namespace std::chrono_literals;
using protocol::JobKind;

constexpr std::chrono::seconds kRetryWaitFirst = 5s;
constexpr std::chrono::seconds kRetryWaitMax = 15min;
constexpr std::size_t kReasonBytesMax = 2000;
constexpr int kTagsInJobMax = 100;
/// How long a request for jobs may be repeated: longer than a sensor waits for an answer before it asks again.
constexpr std::chrono::seconds kRepeatTimeMax = 60s;
/// A heartbeat may have been written before the answer with a job arrived. Not counting what is older than this, and not named.
constexpr std::chrono::seconds kArrivalTimeMax = 10s;

/// What a sensor has leased now, and in this transaction.
struct Holding {
  std::size_t leases = 0;
  bool suspect = false;
};

/// Also keeps other transactions from leasing to it: two could each give it a suspect.
Holding holding_of(Transaction& transaction, const std::string& sensor_id) {
  transaction.number(locking(transaction, "SELECT 1 FROM sensor WHERE id=?", "sensor"), {sensor_id});
  Rows rows = transaction.query("SELECT count(*),coalesce(max(alone),0) FROM lease WHERE sensor_id=?", {sensor_id});
  if (!rows.next()) return {};
  return {static_cast<std::size_t>(rows.integer(0)), rows.integer(1) != 0};
}

void read_tags(Transaction& transaction, const std::string& job_id, const std::string& registry_id, protocol::ImageWork& image) {
  Rows rows = transaction.query(
      "SELECT tag FROM scan_item WHERE job_id=? AND registry_id=? AND repository=? AND tag<>'' GROUP BY tag ORDER BY min(id) LIMIT ?",
      {job_id, registry_id, image.repository, kTagsInJobMax});
  while (rows.next()) image.tags.push_back(rows.text(0));
}

protocol::Work work_of(Transaction& transaction, const ReadyJob& ready) {
  if (ready.kind == JobKind::image) {
    protocol::ImageWork image;
    image.repository = ready.repository;
    if (auto digest = Digest::parse(ready.digest)) image.digest = *std::move(digest);
    read_tags(transaction, ready.id, ready.registry_id, image);
    return image;
  }
  protocol::ListWork list;
  Rows rows = transaction.query("SELECT filter_json,references_json,repositories_json,cursor FROM listing WHERE job_id=?", {ready.id});
  if (!rows.next()) return list;
  if (auto filter = parse_json_as<protocol::ListWork>(rows.text(0), "filter", kJsonStored)) list = *std::move(filter);
  list.references = stored_texts(rows.text(1));
  list.repositories = stored_texts(rows.text(2));
  list.cursor = rows.text(3);
  return list;
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

/// The answers to sensors in the making.
class Handout {
 public:
  Handout(Transaction& transaction, const Vault& vault, std::span<const Acquirer> acquirers, const LeaseTerms& terms)
      : transaction_(transaction), vault_(vault), acquirers_(acquirers), terms_(terms), jobs_(acquirers.size()) {}

  std::size_t size(std::size_t acquirer) const { return jobs_[acquirer].size(); }

  void add(std::size_t acquirer, const ReadyJob& ready, bool alone) {
    protocol::Job job = job_of(ready);
    const Acquirer& by = acquirers_[acquirer];
    const SystemTime until = lease_end(terms_, ready.kind, terms_.now);
    transaction_.run(
        "UPDATE job SET state='leased', attempt=attempt+1, leased_at_us=?, ran_out_sha256=NULL, ran_out_together=0,"
        " ran_out_alone=0 WHERE id=?",
        {to_unix_us(terms_.now), ready.id});
    transaction_.run(
        "INSERT INTO lease(job_id,scan_id,sensor_id,lane_id,class,kind,sha256,request_id,leased_at_us,until_us,alone)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?)",
        {ready.id, ready.scan_id, by.sensor_id, ready.lane_id, ready.job_class, to_string(ready.kind), token_hash(job.lease_token.reveal()),
         by.request_id, to_unix_us(terms_.now), to_unix_us(until), alone});
    if (started_.insert(ready.scan_id).second) {
      transaction_.run("UPDATE scan SET state='running', started_at_us=? WHERE id=? AND state='queued'",
                       {to_unix_us(terms_.now), ready.scan_id});
    }
    give(acquirer, ready, std::move(job));
  }

  /// A job that it has leased already, by an answer that it did not get.
  void repeat(std::size_t acquirer, ReadyJob ready) {
    --ready.attempt;  // this lease is counted
    protocol::Job job = job_of(ready);
    transaction_.run("UPDATE lease SET sha256=? WHERE job_id=?", {token_hash(job.lease_token.reveal()), ready.id});
    give(acquirer, ready, std::move(job));
  }

  std::vector<std::vector<protocol::Job>> take() { return std::move(jobs_); }

 private:
  protocol::Job job_of(const ReadyJob& ready) const {
    protocol::Job job;
    job.id = ready.id;
    job.scan_id = ready.scan_id;
    job.attempt = ready.attempt;
    job.lease_token = new_token("lwl_");
    job.lease = terms_.length;
    job.options.incremental = ready.incremental;
    return job;
  }

  void give(std::size_t acquirer, const ReadyJob& ready, protocol::Job job) {
    job.work = work_of(transaction_, ready);
    auto reachable = add_registry(transaction_, vault_, acquirers_[acquirer], ready.registry_id, terms_.now, cache_, job);
    if (reachable) {
      jobs_[acquirer].push_back(std::move(job));
      return;
    }
    LeasedJob failed;
    failed.id = ready.id;
    failed.scan_id = ready.scan_id;
    failed.kind = ready.kind;
    const JobEnd end{.done = false,
                     .item_state = ItemState::failed,
                     .reason = "its registry's credentials cannot be used: " + reachable.error().message(),
                     .code = reachable.error().code(),
                     .by_holder = false};
    end_job(transaction_, failed, end, terms_.now);
  }

  Transaction& transaction_;
  const Vault& vault_;
  std::span<const Acquirer> acquirers_;
  const LeaseTerms& terms_;
  AccessCache cache_;
  std::set<std::string> started_;
  std::vector<std::vector<protocol::Job>> jobs_;
};

/// Which jobs go to whom.
class Distribution {
 public:
  Distribution(Transaction& transaction, std::span<const Acquirer> acquirers, const LeaseTerms& terms, Handout& out)
      : transaction_(transaction), acquirers_(acquirers), terms_(terms), out_(out), wanted_(acquirers.size()) {
    std::set<std::string> sensors;  // in one order for all processes
    for (const Acquirer& acquirer : acquirers) sensors.insert(acquirer.sensor_id);
    for (const std::string& sensor : sensors) holdings_.emplace(sensor, holding_of(transaction, sensor));
    for (std::size_t i = 0; i < acquirers.size(); ++i) {
      const Holding& held = holdings_.at(acquirers[i].sensor_id);
      const std::size_t room = limits::api_jobs_max - std::min(limits::api_jobs_max, held.leases);
      wanted_[i] = held.suspect ? 0 : std::min(acquirers[i].capacity, room);
    }
  }

  void run() {
    repeat_answers();
    // While one that waits too long is passed on, nobody who has jobs gets more: one of them will be free for it.
    if (std::size_t overdue = give_suspects(terms_.now - limits::suspect_wait_max); overdue > 0) {
      for (std::size_t i = 0; i < acquirers_.size(); ++i) {
        if (holdings_.at(acquirers_[i].sensor_id).leases > 0) wanted_[i] = 0;
      }
    }
    give_ready_jobs();
    give_suspects(terms_.now);
  }

 private:
  void repeat_answers() {
    for (std::size_t i = 0; i < acquirers_.size(); ++i) {
      if (acquirers_[i].request_id.empty()) continue;
      std::vector<std::string> jobs;
      {
        Rows rows = transaction_.query("SELECT job_id FROM lease WHERE sensor_id=? AND request_id=? AND leased_at_us>=? ORDER BY job_id",
                                       {acquirers_[i].sensor_id, acquirers_[i].request_id, to_unix_us(terms_.now - kRepeatTimeMax)});
        while (rows.next()) jobs.push_back(rows.text(0));
      }
      for (const std::string& id : jobs) {
        if (auto ready = ready_job(transaction_, id)) out_.repeat(i, *std::move(ready));
        wanted_[i] = 0;
      }
    }
  }

  /// To those who have nothing, one each. How many are left over.
  std::size_t give_suspects(SystemTime ready_at) {
    std::vector<ReadyJob> suspects = suspect_jobs(transaction_, ready_at, acquirers_.size());
    for (std::size_t i = 0; i < acquirers_.size() && !suspects.empty(); ++i) {
      Holding& held = holdings_.at(acquirers_[i].sensor_id);
      if (wanted_[i] == 0 || held.leases > 0) continue;
      const auto job = std::ranges::find_if(
          suspects, [&](const ReadyJob& one) { return std::ranges::find(acquirers_[i].kinds, one.kind) != acquirers_[i].kinds.end(); });
      if (job == suspects.end()) continue;
      out_.add(i, *job, true);
      suspects.erase(job);
      held = {1, true};
      wanted_[i] = 0;
    }
    return suspects.size();
  }

  void give_ready_jobs() {
    std::size_t open = 0;
    for (const std::size_t wanted : wanted_) open += wanted;
    ReadyJobs ready(transaction_, open);
    while (open > 0) {
      for (std::size_t i = 0; i < acquirers_.size(); ++i) {
        Holding& held = holdings_.at(acquirers_[i].sensor_id);
        if (wanted_[i] == 0) continue;
        const auto job = held.suspect ? std::nullopt : ready.next(acquirers_[i].kinds);
        if (!job) {
          open -= wanted_[i];
          unserved_[i] = wanted_[i];
          wanted_[i] = 0;
          continue;
        }
        out_.add(i, *job, false);
        ++held.leases;
        --wanted_[i];
        --open;
      }
    }
    ready.finish();
    for (const auto& [i, wanted] : unserved_) wanted_[i] = wanted;
  }

  Transaction& transaction_;
  std::span<const Acquirer> acquirers_;
  const LeaseTerms& terms_;
  Handout& out_;
  std::vector<std::size_t> wanted_;              ///< by each acquirer
  std::map<std::size_t, std::size_t> unserved_;  ///< for whom nothing was ready
  std::map<std::string, Holding> holdings_;      ///< by sensor
};

std::chrono::seconds retry_wait(int attempt, std::chrono::seconds asked) {
  const auto grown = std::min(kRetryWaitMax, kRetryWaitFirst * (1 << std::clamp(attempt - 1, 0, 10)));
  return std::clamp(asked, grown, std::max<std::chrono::seconds>(grown, 1h));
}

/// A manifest that one repository does not give may still be in another listed one: try there before giving up.
bool try_elsewhere(Transaction& transaction, const LeasedJob& job, const protocol::JobFailure& failure, const std::string& reason,
                   SystemTime now) {
  const ItemState state = item_state_of(failure.code);
  const std::int64_t given_up = transaction.run(
      "UPDATE scan_item SET state=?, code=?, reason=? WHERE job_id=? AND registry_id=? AND repository=? AND state='pending'",
      {to_string(state), to_string(failure.code), reason, job.id, job.registry_id, job.repository});
  Tally tally;
  tally.move(job.scan_id, ItemState::pending, state, given_up);
  tally.write(transaction);
  std::string registry_id, repository;
  {
    Rows rows =
        transaction.query("SELECT registry_id,repository FROM scan_item WHERE job_id=? AND state='pending' ORDER BY id LIMIT 1", {job.id});
    if (!rows.next()) return false;
    registry_id = rows.text(0);
    repository = rows.text(1);
  }
  requeue(transaction, job, {.after = LeaseAfter::ended}, now);
  transaction.run("UPDATE job SET registry_id=?, repository=?, lane_id=?, attempt=0 WHERE id=?",
                  {registry_id, repository, lane_of_registry(transaction, registry_id), job.id});
  return true;
}

/// Whether another repository, in this registry or another, may answer otherwise.
bool is_of_one_repository(ErrorCode code) {
  return code == ErrorCode::not_found || code == ErrorCode::unauthorized || code == ErrorCode::forbidden;
}

/// A lease of the sensor that calls.
struct OwnLease {
  Bytes sha256;
  std::string scan_id;
  JobKind kind = JobKind::image;
  SystemTime leased_at;
  bool cancelled = false;
  bool alone = false;
  std::string request_id;
  std::string repository;
  std::string digest;
};

using OwnLeases = std::map<std::string, OwnLease, std::less<>>;

OwnLeases leases_of(Transaction& transaction, std::string_view sensor_id) {
  OwnLeases leases;
  Rows rows =
      transaction.query(locking(transaction,
                                "SELECT lease.job_id,lease.sha256,lease.scan_id,lease.kind,lease.leased_at_us,scan.state,lease.alone,"
                                "lease.request_id,job.repository,job.digest FROM lease JOIN scan ON scan.id=lease.scan_id"
                                " JOIN job ON job.id=lease.job_id WHERE sensor_id=? ORDER BY lease.job_id",
                                "lease"),
                        {sensor_id});
  while (rows.next()) {
    OwnLease& lease = leases[rows.text(0)];
    lease.sha256.assign(rows.bytes(1).begin(), rows.bytes(1).end());
    lease.scan_id = rows.text(2);
    lease.kind = protocol::job_kind_from(rows.text(3)).value_or(JobKind::image);
    lease.leased_at = from_unix_us(rows.integer(4));
    lease.cancelled = scan_state_from(rows.text(5)) == ScanState::cancelled;
    lease.alone = rows.integer(6) != 0;
    lease.request_id = rows.text(7);
    lease.repository = rows.text(8);
    lease.digest = rows.text(9);
  }
  return leases;
}

/// What never reached the sensor is free again. What an earlier run of it had was lost when that ended, which may have been the job's
/// doing.
void free_unknown(Transaction& transaction, const OwnLeases& leases, const std::set<std::string, std::less<>>& named, std::string_view run,
                  SystemTime now) {
  for (const auto& [id, lease] : leases) {
    if (named.contains(id) || lease.cancelled || lease.leased_at + kArrivalTimeMax > now) continue;
    LeasedJob job;
    job.id = id;
    job.scan_id = lease.scan_id;
    job.kind = lease.kind;
    job.sha256 = lease.sha256;
    job.repository = lease.repository;
    job.digest = lease.digest;
    if (lease.request_id.starts_with(run)) requeue(transaction, job, {}, now);
    else end_silently(transaction, job, lease.alone, now);
  }
}

}  // namespace

std::vector<std::vector<protocol::Job>> acquire_jobs(Transaction& transaction, const Vault& vault, std::span<const Acquirer> acquirers,
                                                     const LeaseTerms& terms) {
  // The sweeper does that, too; but what is due now must not wait for it.
  constexpr std::size_t kFreedAtOnce = 100;
  free_due_jobs(transaction, terms, kFreedAtOnce);
  Handout out(transaction, vault, acquirers, terms);
  Distribution(transaction, acquirers, terms, out).run();
  return out.take();
}

void hand_back(Transaction& transaction, std::span<const protocol::Job> jobs, SystemTime now) {
  std::map<std::string_view, std::reference_wrapper<const protocol::Job>> in_order;  // as all lock leases
  for (const protocol::Job& job : jobs) in_order.emplace(job.id, job);
  for (const auto& [id, ref] : in_order) {
    const protocol::Job& job = ref;
    LeasedJob lease;
    lease.id = job.id;
    lease.scan_id = job.scan_id;
    lease.kind = kind_of(job.work);
    lease.sha256 = token_hash(job.lease_token.reveal());
    const bool still_its = transaction.run("UPDATE lease SET until_us=until_us WHERE job_id=? AND sha256=?", {lease.id, lease.sha256}) == 1;
    if (still_its) requeue(transaction, lease, {}, now);
  }
}

protocol::HeartbeatAnswer heartbeat(Transaction& transaction, std::string_view sensor_id, const protocol::Heartbeat& beat,
                                    const LeaseTerms& terms) {
  note_sensor(transaction, sensor_id, beat.version, beat.states, terms.now);
  note_documents_state(transaction, sensor_id, beat.documents_state);
  protocol::HeartbeatAnswer answer;
  answer.interval = heartbeat_interval(terms.length);
  const OwnLeases leases = leases_of(transaction, sensor_id);
  std::set<std::string, std::less<>> named;
  std::vector<std::vector<storage::Value>> renewed;
  for (const protocol::JobProgress& progress : beat.jobs) {
    const auto lease = leases.find(progress.job_id);
    const bool holds = lease != leases.end() && same_hash(lease->second.sha256, token_hash(progress.lease_token.reveal()));
    if (holds) named.insert(progress.job_id);
    if (holds && lease->second.cancelled) {
      answer.cancelled.push_back(progress.job_id);
      continue;
    }
    if (!holds) {
      // One that ran out may be taken up again.
      const auto job = leased_job(transaction, progress.job_id, progress.lease_token, sensor_id, terms);
      if (!job || job->ended || job->late) {
        const bool cancelled = transaction.number(
                                   "SELECT count(*) FROM job JOIN scan ON scan.id=job.scan_id WHERE job.id=?"
                                   " AND scan.state='cancelled'",
                                   {progress.job_id}) != 0;
        (cancelled ? answer.cancelled : answer.lost).push_back(progress.job_id);
        continue;
      }
    }
    const SystemTime until = holds ? lease_end(terms, lease->second.kind, lease->second.leased_at) : terms.now + terms.length;
    renewed.push_back({to_unix_us(until), storage::bounded(progress.bytes), storage::bounded(progress.layers),
                       storage::bounded(progress.files), storage::bounded(progress.findings), progress.job_id});
  }
  transaction.run_each("UPDATE lease SET until_us=?, bytes=?, layers=?, files=?, findings=? WHERE job_id=?", renewed);
  free_unknown(transaction, leases, named, beat.run, terms.now);
  return answer;
}

void fail_job(Transaction& transaction, const LeasedJob& job, const protocol::JobFailure& failure, SystemTime now) {
  const std::string reason = failure.reason.substr(0, kReasonBytesMax);
  if (failure.handed_back) {
    requeue(transaction, job, {.after = LeaseAfter::ended}, now);
    return;
  }
  if (failure.retryable && job.attempt < static_cast<int>(limits::job_attempts_max)) {
    requeue(transaction, job,
            {.after = LeaseAfter::ended,
             .attempt_counted = true,
             .not_before = now + retry_wait(job.attempt, failure.retry_after),
             .error = reason},
            now);
    return;
  }
  if (job.kind == JobKind::image && is_of_one_repository(failure.code) && try_elsewhere(transaction, job, failure, reason, now)) return;
  end_job(transaction, job, {false, item_state_of(failure.code), reason, failure.code}, now);
}

}  // namespace landwaiter::platform
