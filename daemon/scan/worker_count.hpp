// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/cgroup.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace landwaiter::daemon {

/// What this program promises to need at most, beside limits::reader_memory_bytes_max for each worker.
inline constexpr std::uint64_t kProcessBytes = 64ULL << 20U;

struct WorkerPlan {
  std::size_t workers = 1;
  std::string fewer;  ///< why there are fewer than asked for, or than there are cores; empty if there are not
};

/// How many workers, of `worker_bytes` each, to start if `wanted` are configured; 0 means one for each core, as far as the CPU time that
/// this process may use goes. Never more than fit into the memory that it may use, but at least one.
WorkerPlan plan_workers(std::size_t wanted, std::uint64_t worker_bytes, std::size_t cores, const ResourceLimits& limits);
/// The same for this machine and process.
WorkerPlan plan_workers(std::size_t wanted, std::uint64_t worker_bytes);

}  // namespace landwaiter::daemon
