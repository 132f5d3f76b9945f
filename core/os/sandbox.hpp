// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace landwaiter {

/// One instruction of a filter for system calls, as the system takes it (bpf(4)).
struct SystemCallRule {
  std::uint16_t code = 0;
  std::uint8_t jump_true = 0;
  std::uint8_t jump_false = 0;
  std::uint32_t operand = 0;
};

struct SandboxLimits {
  std::uint64_t memory_bytes_max = 0;    ///< beyond what the process has already; then allocations fail
  std::chrono::seconds cpu_time_max{0};  ///< of the whole process; then it ends
};

/// Takes from a process, forever, what reading bytes in memory does not need. Made once, by whoever forks the processes to be confined.
class Sandbox {
 public:
  /// Error: io.
  static Result<Sandbox> prepare();

  /// Whether the system can: a kernel may be built without.
  static bool filters_system_calls();

  /// From now on this process opens no file and no connection, starts nothing, signals nobody and makes no code; what it still can is to
  /// compute and to use the descriptors that it has. A forbidden system call fails with EPERM. Where filters_system_calls() is false,
  /// the limits hold alone. Error: io.
  Result<void> enter(const SandboxLimits& limits) const;

 private:
  std::vector<SystemCallRule> rules_;
};

/// If the system is out of memory, it ends this process, and those that it forks, before others. To be called before
/// keep_memory_private(), which takes the right to.
void prefer_to_be_killed();

}  // namespace landwaiter
