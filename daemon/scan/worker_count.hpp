// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "core/os/cgroup.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace landwaiter::daemon {

/// What this program promises to need at most beside its workers.
inline constexpr std::uint64_t kProcessBytes = 64 * limits::MiB;

struct WantedWorkers {
  std::size_t number = 0;  ///< 0 means one for each core, as far as the CPU time that this process may use goes
  std::uint64_t memory_bytes = limits::reader_memory_bytes_max;  ///< for each
};

struct WorkerPlan {
  std::size_t workers = 1;
  std::string fewer;  ///< why there are fewer than asked for, or than there are cores; empty if there are not
};

/// How many workers to start. Never more than fit into the memory that this process may use, but at least one.
WorkerPlan plan_workers(const WantedWorkers& wanted, std::size_t cores, const ResourceLimits& limits);
/// The same for this machine and process.
WorkerPlan plan_workers(const WantedWorkers& wanted);

}  // namespace landwaiter::daemon
