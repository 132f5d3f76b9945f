// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/lease.hpp"

#include <string>

namespace landwaiter::platform {

/// One run of the platform's program; several may share a database.
struct Process {
  std::string id;
  std::string version;
};

/// Called once, before the process serves. While no process served, no sensor could renew a lease: leases are lengthened by that time, once
/// for each outage, however many processes start after it. A shorter silence than half a lease costs no sensor anything, and counts for
/// nothing; so a program that starts again and again does not keep the jobs of a dead sensor.
void start_process(Transaction& transaction, const Process& process, const LeaseTerms& terms);

/// Called at least each second: the process lives.
void note_process(Transaction& transaction, const Process& process, SystemTime now);

}  // namespace landwaiter::platform
