// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

/// What the system lets a group of processes have (Linux control groups, versions 1 and 2). Where there are none, nothing is limited.
namespace landwaiter {

struct ResourceLimits {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<double> cpus;  ///< CPU seconds for each second
};

/// The smallest limits of this process' groups and of all groups above them that can be seen.
ResourceLimits resource_limits();

/// A folder of the control group file system that may hold limits.
struct ControlGroup {
  std::filesystem::path folder;
  bool unified = false;  ///< version 2
};

/// A process' groups and those above them, up to where they are mounted, from the texts of /proc/PID/cgroup and /proc/PID/mountinfo. A
/// group outside of what is mounted (as containers see their own) is taken for the mount itself.
std::vector<ControlGroup> control_groups(std::string_view memberships, std::string_view mounts);

/// The text of memory.max (2) or memory.limit_in_bytes (1); none for "max", for version 1's huge number, and for any other text.
std::optional<std::uint64_t> memory_limit_of(std::string_view text);
/// The text of cpu.max: "QUOTA PERIOD" or "max PERIOD".
std::optional<double> cpu_limit_of(std::string_view text);
/// The texts of cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us.
std::optional<double> cpu_limit_of(std::string_view quota, std::string_view period);

}  // namespace landwaiter
