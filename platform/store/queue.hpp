// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/vault.hpp"

#include <span>
#include <string>
#include <vector>

namespace landwaiter::platform {

/// A sensor that acquires jobs.
struct Acquirer {
  std::string sensor_id;
  Bytes public_key;
  std::vector<protocol::JobKind> kinds{protocol::kAllJobKinds.begin(), protocol::kAllJobKinds.end()};  ///< that it can do
  std::size_t capacity = 1;
  std::string request_id = {};  ///< the same one is given the same jobs for a minute; empty: none
};

/// Leases jobs to all who wait for some, in one transaction; for each acquirer its jobs, none if there is nothing for it. They are served
/// in turns, first come first.
///
/// By priority first; then what a request asked for before what a walk found; then the lane (registry host) with the fewest leased jobs
/// for its weight. Within a lane scans of one priority share evenly, listing comes before images, and older jobs before newer ones. A lane
/// has at most jobs_max jobs leased, of which walks leave a quarter to requests. A sensor has at most limits::api_jobs_max.
///
/// A suspect job (see sweeper.hpp) is leased alone: to a sensor that has no other job, as the only job of the answer, and that sensor gets
/// no further job before it ends. It comes last, but is not passed over for longer than limits::suspect_wait_max.
std::vector<std::vector<protocol::Job>> acquire_jobs(Transaction& transaction, const Vault& vault, std::span<const Acquirer> acquirers,
                                                     const LeaseTerms& terms);

/// The answer with these jobs did not reach the sensor: they are free again, as if they had never been leased.
void hand_back(Transaction& transaction, std::span<const protocol::Job> jobs, SystemTime now);

/// Renews the leases of all jobs in the heartbeat and keeps their progress. A sensor names all its jobs: one that it does not name never
/// reached it, and is free again once it was leased for more than some seconds.
protocol::HeartbeatAnswer heartbeat(Transaction& transaction, std::string_view sensor_id, const protocol::Heartbeat& beat,
                                    const LeaseTerms& terms);

/// A sensor failed a job: it is retried later with growing waits while attempts are left, otherwise its items get their final state.
void fail_job(Transaction& transaction, const LeasedJob& job, const protocol::JobFailure& failure, SystemTime now);

}  // namespace landwaiter::platform
