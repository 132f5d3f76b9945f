// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <chrono>
#include <cstdint>

namespace landwaiter {

struct SandboxLimits {
  std::uint64_t memory_bytes_max = 0;    ///< beyond what the process has already; then allocations fail
  std::chrono::seconds cpu_time_max{0};  ///< of the whole process; then it ends
};

/// Takes from this process, forever, what reading bytes in memory does not need: it opens no file and no connection, starts nothing,
/// makes no code; what it still can is to compute and to use the descriptors that it has. A forbidden system call fails with EPERM.
/// Where the system cannot filter system calls, the limits hold alone. Error: io.
Result<void> enter_sandbox(const SandboxLimits& limits);

/// If the system is out of memory, it ends this process, and those that it forks, before others. To be called before
/// keep_memory_private(), which takes the right to.
void prefer_to_be_killed();

}  // namespace landwaiter
