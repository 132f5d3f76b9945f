// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace landwaiter::platform {

/// A job that is ready, with what an answer needs of its row.
struct ReadyJob {
  std::string id;
  std::string scan_id;
  std::string registry_id;
  std::int64_t lane_id = 0;
  int job_class = 0;
  protocol::JobKind kind = protocol::JobKind::image;
  std::int64_t rank = 0;
  std::int64_t turn = 0;
  int attempt = 0;  ///< that its lease will be
  std::string repository;
  std::string digest;
  bool incremental = true;
};

/// What is ready in all lanes, in the order of acquire_jobs(). What it gives out is locked until the transaction ends, and so are the
/// lanes it takes from.
class ReadyJobs {
 public:
  /// At most `wanted` jobs will be asked for.
  ReadyJobs(Transaction& transaction, std::size_t wanted);

  /// The next job of these kinds; nothing if there is none, or its lane has as many leased as it may.
  std::optional<ReadyJob> next(std::span<const protocol::JobKind> kinds);

  /// Notes where the lanes stand now.
  void finish();

 private:
  struct Lane {
    std::int64_t id = 0;
    std::int64_t jobs_max = 0;
    std::int64_t weight = 1;
    std::int64_t turn = 0;
    std::array<std::int64_t, 2> leased{};  ///< by class
    bool opened = false;
    bool busy = false;  ///< another transaction takes from it
    bool moved = false;

    std::int64_t all_leased() const { return leased[0] + leased[1]; }
    bool has_room(int job_class) const;
  };
  /// What the index holds in one order: the jobs of one class and kind in a lane.
  struct Source {
    Lane* lane = nullptr;
    int job_class = 0;
    protocol::JobKind kind = protocol::JobKind::image;
    std::int64_t rank = 0;  ///< of the next job
    std::vector<ReadyJob> jobs = {};
    std::size_t taken = 0;
    ReadyJob last = {};     ///< that was seen
    std::size_t fills = 0;  ///< that had nothing but jobs of cancelled scans
    bool empty = false;
  };

  void find_lanes();
  Source* best(std::span<const protocol::JobKind> kinds);
  Lane* busy_lane(std::span<const protocol::JobKind> kinds);
  void open(Lane& lane, bool wait);
  void fill(Source& source);
  static bool goes_first(const Source& a, const Source& b);

  Transaction& transaction_;
  std::size_t wanted_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Source> sources_;
  bool any_opened_ = false;
};

/// One job by its id; nothing if there is none.
std::optional<ReadyJob> ready_job(Transaction& transaction, std::string_view id);

/// Suspect jobs that were ready at `ready_at`, the longest waiting first; locked.
std::vector<ReadyJob> suspect_jobs(Transaction& transaction, SystemTime ready_at, std::size_t count_max);

}  // namespace landwaiter::platform
