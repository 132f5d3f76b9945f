// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace landwaiter::platform {

/// The time that leases go by. It runs as the machine's steady clock does, so that a wall clock that is set ends no lease; and several
/// processes agree on it, because each starts it at their database's time. Thread-safe.
class ServiceClock final : public Clock {
 public:
  /// Starts at the machine's wall clock.
  explicit ServiceClock(const Clock& machine);

  SystemTime now() const override;
  SteadyTime steady_now() const override { return machine_.steady_now(); }

  /// Starts again at this time; before anybody asks.
  void start_at(SystemTime time);
  /// What time it was elsewhere when the machine's steady clock said `at`, told every kTold: steady clocks go wrong by seconds a day, so it
  /// follows, but slowly.
  void follow(SystemTime time, SteadyTime at);
  static constexpr std::chrono::seconds kTold{30};

 private:
  SystemTime time_at(SteadyTime at) const;

  const Clock& machine_;
  std::atomic<std::int64_t> ahead_us_ = 0;  ///< of the steady clock
};

}  // namespace landwaiter::platform
