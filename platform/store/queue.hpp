// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/vault.hpp"

#include <vector>

namespace landwaiter::platform {

/// The sensor that acquires jobs.
struct Acquirer {
  std::string sensor_id;
  Bytes public_key;
  std::vector<protocol::JobKind> kinds{protocol::kAllJobKinds.begin(), protocol::kAllJobKinds.end()};  ///< that it can do
};

/// Leases up to `capacity` jobs. By priority first; scans of equal priority share evenly by the number of leased jobs; within a scan,
/// listing comes before images, and older jobs before newer ones. A suspect job (see reap_leases) is leased alone: to a sensor that has
/// no other job, as the only job of the answer, and that sensor gets no further job before it ends. It comes last, but is not passed over
/// for longer than limits::suspect_wait_max.
Result<std::vector<protocol::Job>> acquire_jobs(Transaction& transaction, const Vault& vault, const Acquirer& acquirer,
                                                std::size_t capacity, const LeaseTerms& terms);

/// Renews the leases of all jobs in the heartbeat and keeps their progress.
protocol::HeartbeatAnswer heartbeat(Transaction& transaction, std::string_view sensor_id, const protocol::Heartbeat& beat,
                                    const LeaseTerms& terms);

/// Requeues jobs whose lease expired without a word; that costs no attempt. A job that was in two such ends is suspect of causing them;
/// after two more while leased alone, whichever sensors had it, it fails. An image job fails too if one lease of it was renewed for
/// longer than the terms' image_time_max. True if there was any.
bool reap_leases(Transaction& transaction, const LeaseTerms& terms);

/// Whether a job that had to wait became ready in (after, now].
bool delayed_job_became_ready(Transaction& transaction, SystemTime after, SystemTime now);

/// Sensors could not renew while the platform was down: every lease gets its full duration from now.
void extend_leases_after_start(Transaction& transaction, const LeaseTerms& terms);

/// A sensor failed a job: it is retried later with growing waits while attempts are left, otherwise its items get their final state.
void fail_job(Transaction& transaction, const LeasedJob& job, const protocol::JobFailure& failure, SystemTime now);

}  // namespace landwaiter::platform
