// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/worker_count.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

namespace landwaiter::daemon {

WorkerPlan plan_workers(std::size_t wanted, std::uint64_t worker_bytes, std::size_t cores, const ResourceLimits& limits) {
  WorkerPlan plan;
  if (wanted == 0) {
    wanted = std::min(cores, limits::workers_max);
    if (limits.cpus) wanted = static_cast<std::size_t>(std::min(static_cast<double>(wanted), std::ceil(*limits.cpus)));
  }
  plan.workers = std::max<std::size_t>(1, wanted);
  if (!limits.memory_bytes) return plan;
  const std::uint64_t left = *limits.memory_bytes - std::min(*limits.memory_bytes, kProcessBytes);
  const std::uint64_t fit = std::max<std::uint64_t>(1, left / std::max<std::uint64_t>(1, worker_bytes));
  if (plan.workers <= fit) return plan;
  plan.fewer = "only " + std::to_string(fit) + " of " + std::to_string(plan.workers) + " workers are started: this process may use " +
               human_bytes(*limits.memory_bytes) + " of memory, and needs " + human_bytes(kProcessBytes) + " and " +
               human_bytes(worker_bytes) + " for each worker";
  plan.workers = static_cast<std::size_t>(fit);
  return plan;
}

WorkerPlan plan_workers(std::size_t wanted, std::uint64_t worker_bytes) {
  return plan_workers(wanted, worker_bytes, std::thread::hardware_concurrency(), resource_limits());
}

}  // namespace landwaiter::daemon
