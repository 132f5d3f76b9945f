// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/lease.hpp"

namespace landwaiter::platform {

/// What a sweep did.
struct Swept {
  bool jobs = false;  ///< jobs or layers became free: whoever waits for some may look again
  bool more = false;  ///< there is more to do: call it again, in another transaction
};

/// One bounded batch of all that happens by time, or that a request leaves to be done after it: ends leases that ran out, lets delayed
/// jobs go, ends the jobs of cancelled scans, ends scans whose last jobs ended, adds up counts. Any number of processes may do it at once.
Swept sweep(Transaction& transaction, const LeaseTerms& terms);

/// Requeues jobs whose lease expired without a word; that costs no attempt. A job that was in two such ends is suspect of causing them;
/// after two more while leased alone, whichever sensors had it, it fails. An image job fails too if one lease of it was renewed for
/// longer than the terms' image_time_max. Then it lets delayed jobs go. The number of jobs, at most `count_max` of each.
std::size_t free_due_jobs(Transaction& transaction, const LeaseTerms& terms, std::size_t count_max);

/// Ends a lease whose sensor went silent, or came back without the job: counts that, and puts the job back or gives it up. `alone`: the
/// sensor had no other job.
void end_silently(Transaction& transaction, const LeasedJob& job, bool alone, SystemTime now);

/// Ends open jobs of a cancelled scan, at most `count_max`, and their items. The number of jobs.
std::size_t cancel_open_jobs(Transaction& transaction, std::string_view scan_id, std::size_t count_max, SystemTime now);

}  // namespace landwaiter::platform
