// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/states.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace landwaiter::platform {

/// A job as the holder of its lease sees it.
struct LeasedJob {
  std::string id;
  std::string scan_id;
  std::string registry_id;
  protocol::JobKind kind = protocol::JobKind::image;
  std::string repository;
  std::string digest;  ///< of an image job
  int attempt = 0;
  std::int64_t scan_created_at_us = 0;
  bool incremental = true;
  bool ended = false;  ///< by a call with this same lease: the call is a repetition and must change nothing
};

/// What a lease lives by.
struct LeaseTerms {
  SystemTime now;
  std::chrono::seconds length;
};

/// How often a sensor shall renew: several times in a lease, so that a lost message or two do no harm.
std::chrono::seconds heartbeat_interval(std::chrono::seconds lease);

/// Finds the job and renews the lease; one that ran out is taken up again while nobody else has the job. not_found; conflict when
/// the lease is stale: another's, ended, or the job was cancelled.
Result<LeasedJob> leased_job(Transaction& transaction, std::string_view job_id, const Secret& lease_token, const LeaseTerms& terms);

/// The end of a job: its state, that of the items that wait for it, its claims, and of the scan when it was the last.
struct JobEnd {
  bool done = true;                           ///< false: failed
  ItemState item_state = ItemState::scanned;  ///< of the items that wait for the job; none wait for a list job
  std::string reason = {};
  std::optional<ErrorCode> code = {};  ///< of a failed job
};
void end_job(Transaction& transaction, const LeasedJob& job, const JobEnd& end, SystemTime now);

void release_claims(Transaction& transaction, std::string_view job_id);

}  // namespace landwaiter::platform
