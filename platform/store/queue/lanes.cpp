// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue/lanes.hpp"

#include "platform/store/dialect.hpp"
#include "platform/store/states.hpp"

#include <algorithm>
#include <tuple>

namespace landwaiter::platform {
namespace {

using protocol::JobKind;

constexpr std::size_t kFillMin = 32;
/// Jobs of cancelled scans may lie before others until the sweeper has ended them: so many times it is looked further.
constexpr std::size_t kFillsMax = 8;

// From lane to lane by the index: however many jobs are queued, each lane costs a few probes.
constexpr std::string_view kLanes =
    "WITH RECURSIVE used(lane_id) AS (SELECT min(lane_id) FROM job WHERE state='queued' UNION ALL"
    " SELECT (SELECT min(lane_id) FROM job WHERE state='queued' AND job.lane_id>used.lane_id) FROM used WHERE used.lane_id IS NOT NULL)"
    " SELECT lane.id,lane.jobs_max,lane.weight,"
    " (SELECT count(*) FROM lease WHERE lease.lane_id=lane.id AND lease.class=0),"
    " (SELECT count(*) FROM lease WHERE lease.lane_id=lane.id AND lease.class=1),"
    " (SELECT min(rank) FROM job WHERE state='queued' AND job.lane_id=lane.id AND job.class=0 AND job.kind='list'),"
    " (SELECT min(rank) FROM job WHERE state='queued' AND job.lane_id=lane.id AND job.class=0 AND job.kind='image'),"
    " (SELECT min(rank) FROM job WHERE state='queued' AND job.lane_id=lane.id AND job.class=1 AND job.kind='list'),"
    " (SELECT min(rank) FROM job WHERE state='queued' AND job.lane_id=lane.id AND job.class=1 AND job.kind='image')"
    " FROM used JOIN lane ON lane.id=used.lane_id WHERE lane.paused=0 ORDER BY lane.id";

constexpr std::string_view kReadyJobColumns =
    "SELECT job.id,job.scan_id,job.registry_id,job.lane_id,job.class,job.kind,job.rank,job.turn,job.attempt,job.repository,job.digest,"
    "scan.incremental,scan.state FROM job JOIN scan ON scan.id=job.scan_id WHERE ";
constexpr int kScanState = 12;

ReadyJob ready_job_of(const Rows& rows) {
  ReadyJob job;
  job.id = rows.text(0);
  job.scan_id = rows.text(1);
  job.registry_id = rows.text(2);
  job.lane_id = rows.integer(3);
  job.job_class = static_cast<int>(rows.integer(4));
  job.kind = protocol::job_kind_from(rows.text(5)).value_or(JobKind::image);
  job.rank = rows.integer(6);
  job.turn = rows.integer(7);
  job.attempt = static_cast<int>(rows.integer(8)) + 1;
  job.repository = rows.text(9);
  job.digest = rows.text(10);
  job.incremental = rows.integer(11) != 0;
  return job;
}

bool scan_runs(const Rows& rows) { return scan_state_from(rows.text(kScanState)) != ScanState::cancelled; }

}  // namespace

bool ReadyJobs::Lane::has_room(int job_class) const {
  constexpr std::int64_t kReservedPart = 4;
  if (all_leased() >= jobs_max) return false;
  return job_class == 0 || leased[1] < jobs_max - jobs_max / kReservedPart;
}

ReadyJobs::ReadyJobs(Transaction& transaction, std::size_t wanted) : transaction_(transaction), wanted_(wanted) {
  if (wanted_ > 0) find_lanes();
}

void ReadyJobs::find_lanes() {
  constexpr int kFirstRank = 5;
  Rows rows = transaction_.query(kLanes);
  while (rows.next()) {
    Lane& lane = *lanes_.emplace_back(std::make_unique<Lane>());
    lane.id = rows.integer(0);
    lane.jobs_max = rows.integer(1);
    lane.weight = rows.integer(2);
    lane.leased = {rows.integer(3), rows.integer(4)};
    for (int column = 0; column < 4; ++column) {
      if (rows.is_null(kFirstRank + column)) continue;
      sources_.push_back({.lane = &lane,
                          .job_class = column / 2,
                          .kind = column % 2 == 0 ? JobKind::list : JobKind::image,
                          .rank = rows.integer(kFirstRank + column)});
    }
  }
}

bool ReadyJobs::goes_first(const Source& a, const Source& b) {
  const auto key = [](const Source& source) { return std::make_tuple(source.rank, source.job_class, source.kind); };
  if (key(a) != key(b)) return key(a) < key(b);
  return a.lane->all_leased() * b.lane->weight < b.lane->all_leased() * a.lane->weight;
}

ReadyJobs::Source* ReadyJobs::best(std::span<const JobKind> kinds) {
  Source* best = nullptr;
  for (Source& source : sources_) {
    if (source.empty || source.lane->busy || !source.lane->has_room(source.job_class)) continue;
    if (std::ranges::find(kinds, source.kind) == kinds.end()) continue;
    if (best == nullptr || goes_first(source, *best)) best = &source;
  }
  return best;
}

ReadyJobs::Lane* ReadyJobs::busy_lane(std::span<const JobKind> kinds) {
  for (Source& source : sources_) {
    if (source.lane->busy && std::ranges::find(kinds, source.kind) != kinds.end()) return source.lane;
  }
  return nullptr;
}

// Its row is locked, so that what is leased of it now stays so: two processes could exceed its limit together.
void ReadyJobs::open(Lane& lane, bool wait) {
  constexpr std::string_view kLane = "SELECT turn FROM lane WHERE id=?";
  {
    Rows rows = transaction_.query(wait ? locking(transaction_, kLane, "lane") : locking_free_ones(transaction_, kLane, "lane"), {lane.id});
    lane.busy = !rows.next();
    if (lane.busy) return;
    lane.turn = rows.integer(0);
  }
  lane.opened = true;
  if (transaction_.dialect() == storage::Dialect::sqlite) return;  // nobody has leased anything since the lanes were looked for
  lane.leased = {};
  Rows rows = transaction_.query("SELECT class,count(*) FROM lease WHERE lane_id=? GROUP BY class", {lane.id});
  while (rows.next()) lane.leased[rows.integer(0) == 0 ? 0 : 1] = rows.integer(1);
}

void ReadyJobs::fill(Source& source) {
  const std::size_t count = std::max(wanted_, kFillMin);
  source.jobs.clear();
  source.taken = 0;
  while (source.jobs.empty() && !source.empty) {
    std::string statement(kReadyJobColumns);
    std::vector<storage::Value> values{source.lane->id, source.job_class, to_string(source.kind), count};
    statement += "job.lane_id=?1 AND job.class=?2 AND job.kind=?3 AND job.state='queued'";
    const ReadyJob last = source.last;
    if (!last.id.empty()) {
      statement += " AND (job.rank,job.turn,job.id)>(?5,?6,?7)";
      values.insert(values.end(), {last.rank, last.turn, last.id});
    }
    statement += " ORDER BY job.rank,job.turn,job.id LIMIT ?4";
    std::size_t seen = 0;
    Rows rows = transaction_.query(locking_free_ones(transaction_, statement, "job"), values);
    for (; rows.next(); ++seen) {
      source.last = ready_job_of(rows);
      if (scan_runs(rows)) source.jobs.push_back(source.last);
    }
    source.empty = source.jobs.empty() && (seen < count || ++source.fills == kFillsMax);
  }
  if (!source.jobs.empty()) source.rank = source.jobs.front().rank;
}

std::optional<ReadyJob> ReadyJobs::next(std::span<const JobKind> kinds) {
  while (!transaction_.failed()) {
    Source* const source = best(kinds);
    if (source == nullptr) {
      // While nothing else is locked, waiting for one lane cannot end in a circle.
      Lane* const busy = any_opened_ ? nullptr : busy_lane(kinds);
      if (busy == nullptr) return std::nullopt;
      open(*busy, true);
      any_opened_ = true;
      continue;
    }
    Lane& lane = *source->lane;
    if (!lane.opened) {
      open(lane, false);
      any_opened_ |= lane.opened;
      continue;
    }
    if (source->taken == source->jobs.size()) {
      fill(*source);
      continue;
    }
    ReadyJob job = source->jobs[source->taken++];
    if (source->taken < source->jobs.size()) source->rank = source->jobs[source->taken].rank;
    ++lane.leased[job.job_class == 0 ? 0 : 1];
    lane.turn = std::max(lane.turn, job.turn);
    lane.moved = true;
    return job;
  }
  return std::nullopt;
}

void ReadyJobs::finish() {
  for (const auto& lane : lanes_) {
    if (lane->moved) transaction_.run("UPDATE lane SET turn=? WHERE id=? AND turn<?", {lane->turn, lane->id, lane->turn});
  }
}

std::optional<ReadyJob> ready_job(Transaction& transaction, std::string_view id) {
  Rows rows = transaction.query(std::string(kReadyJobColumns) + "job.id=?", {id});
  if (!rows.next() || !scan_runs(rows)) return std::nullopt;
  return ready_job_of(rows);
}

std::vector<ReadyJob> suspect_jobs(Transaction& transaction, SystemTime ready_at, std::size_t count_max) {
  std::vector<ReadyJob> jobs;
  Rows rows = transaction.query(
      locking_free_ones(
          transaction,
          std::string(kReadyJobColumns) + "job.state='suspect' AND job.not_before_us<=? ORDER BY job.not_before_us,job.id LIMIT ?", "job"),
      {to_unix_us(ready_at), count_max});
  while (rows.next()) {
    if (scan_runs(rows)) jobs.push_back(ready_job_of(rows));
  }
  return jobs;
}

}  // namespace landwaiter::platform
