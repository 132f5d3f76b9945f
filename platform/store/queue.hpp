// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/vault.hpp"

#include <vector>

namespace landwaiter::platform {

/// Who acquires.
struct Acquirer {
  std::string sensor_id;
  Bytes public_key;
  std::vector<protocol::JobKind> kinds{protocol::job_kinds.begin(), protocol::job_kinds.end()};  ///< that it can do
};

/// Leases up to `capacity` jobs. By priority first; scans of one priority share evenly by what they have on loan already; in a scan,
/// listing goes before images, and older jobs before newer ones.
Result<std::vector<protocol::Job>> acquire_jobs(Transaction& transaction, const Vault& vault, const Acquirer& acquirer,
                                                std::size_t capacity, const LeaseTerms& terms);

/// Renews the leases of all jobs in the heartbeat and keeps their progress.
protocol::HeartbeatAnswer heartbeat(Transaction& transaction, std::string_view sensor_id, const protocol::Heartbeat& beat,
                                    const LeaseTerms& terms);

/// Gives back jobs whose lease ran out; one that used up its attempts fails. True when there was any.
bool reap_leases(Transaction& transaction, SystemTime now);

/// Whether a job that had to wait became ready in (after, now].
bool delayed_job_became_ready(Transaction& transaction, SystemTime after, SystemTime now);

/// After the platform was away no sensor could renew: every lease gets a full length from now.
void extend_leases_after_start(Transaction& transaction, const LeaseTerms& terms);

/// A sensor gives up on a job: tried again later with growing waits while attempts are left, else its items get their final state.
void fail_job(Transaction& transaction, const LeasedJob& job, const protocol::JobFailure& failure, SystemTime now);

}  // namespace landwaiter::platform
