// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/states.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace landwaiter::platform {

/// A job from the view of its lease holder.
struct LeasedJob {
  std::string id;
  std::string scan_id;
  std::string registry_id;
  std::int64_t lane_id = 0;
  int job_class = 0;
  std::int64_t rank = 0;
  protocol::JobKind kind = protocol::JobKind::image;
  std::string repository;
  std::string digest;  ///< of an image job
  int attempt = 0;
  std::int64_t scan_created_at_us = 0;
  bool incremental = true;
  Bytes sha256;        ///< of the lease
  bool ended = false;  ///< by a call with this same lease: the call is a retry and must change nothing
  bool late = false;   ///< given up because this lease ran out, with no attempt left: what it completes is still taken
};

/// Timing of leases.
struct LeaseTerms {
  SystemTime now;
  std::chrono::seconds length;
  std::chrono::seconds image_time_max = limits::image_time_max;  ///< an image job is not renewed beyond this
};

/// How often a sensor should renew: several times per lease, so a lost message or two do no harm.
std::chrono::seconds heartbeat_interval(std::chrono::seconds lease);

/// Finds the job and renews the lease, in the name of the sensor that calls; an expired lease is renewed as long as no other sensor has the
/// job. not_found; conflict if the lease is stale: another sensor's, ended, or the job was cancelled.
Result<LeasedJob> leased_job(Transaction& transaction, std::string_view job_id, const Secret& lease_token, std::string_view sensor_id,
                             const LeaseTerms& terms);

/// Until when a lease lasts that is renewed now.
SystemTime lease_end(const LeaseTerms& terms, protocol::JobKind kind, SystemTime leased_at);

/// Ends a job: sets its state and that of its waiting items, releases its claims, and ends the scan if it was the last job.
struct JobEnd {
  bool done = true;                           ///< false: failed
  ItemState item_state = ItemState::scanned;  ///< of the items that wait for the job; none wait for a list job
  std::string reason = {};
  std::optional<ErrorCode> code = {};  ///< of a failed job
  bool by_holder = true;               ///< by a call of the lease's holder, who may repeat it
};
void end_job(Transaction& transaction, const LeasedJob& job, const JobEnd& end, SystemTime now);

/// What a lease that ended without an end of its job is remembered for.
enum class LeaseAfter {
  ended,     ///< its holder gave the job back; may repeat that
  may_renew  ///< its holder was silent, and may take it up again
};
/// Ends the lease of a job that stays open: its attempt is not counted unless `counted`, and its claims are released.
struct Requeue {
  LeaseAfter after = LeaseAfter::may_renew;
  bool attempt_counted = false;
  std::optional<SystemTime> not_before = {};
  std::string error = {};
};
void release_claims(Transaction& transaction, std::string_view job_id);

void requeue(Transaction& transaction, const LeasedJob& job, const Requeue& how, SystemTime now);

}  // namespace landwaiter::platform
