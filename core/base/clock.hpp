// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter {

using SystemTime = std::chrono::sys_time<std::chrono::microseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Time as an injected dependency: code that decides by time never reads the system clock, so tests can set it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time, for what people and certificates mean by time.
  virtual SystemTime now() const = 0;
  /// Monotonic time, for durations, leases and time-outs.
  virtual SteadyTime steady_now() const = 0;
};

/// The machine's clocks.
class RealClock final : public Clock {
 public:
  SystemTime now() const override;
  SteadyTime steady_now() const override;
};

/// RFC 3339 in UTC to the second: "2026-11-21T20:22:36Z".
std::string to_rfc3339(SystemTime time);
/// RFC 3339 with any offset and any fraction; nothing when malformed.
std::optional<SystemTime> from_rfc3339(std::string_view text);

/// Where RFC 3339 ends: the first second of the year 10000, in seconds since 1970.
inline constexpr std::int64_t kYear10000 = 253'402'300'800;

std::int64_t to_unix_us(SystemTime time);
SystemTime from_unix_us(std::int64_t microseconds);

}  // namespace landwaiter
