// SPDX-License-Identifier: Apache-2.0
#include "platform/service_clock.hpp"

#include <algorithm>

namespace landwaiter::platform {

using namespace std::chrono_literals;

ServiceClock::ServiceClock(const Clock& machine) : machine_(machine) { start_at(machine.now()); }

SystemTime ServiceClock::time_at(SteadyTime at) const {
  const auto steady = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch());
  return SystemTime(steady + std::chrono::microseconds(ahead_us_.load()));
}

SystemTime ServiceClock::now() const { return time_at(machine_.steady_now()); }

void ServiceClock::start_at(SystemTime time) { ahead_us_ += std::chrono::microseconds(time - now()).count(); }

void ServiceClock::follow(SystemTime time, SteadyTime at) {
  // A lease of a minute may lose half a second of it; a clock that was set by two minutes is followed within hours.
  constexpr std::chrono::microseconds kStepMax = 250ms;
  ahead_us_ += std::clamp<std::chrono::microseconds>(time - time_at(at), -kStepMax, kStepMax).count();
}

}  // namespace landwaiter::platform
