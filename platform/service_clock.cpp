// SPDX-License-Identifier: Apache-2.0
#include "platform/service_clock.hpp"

#include <algorithm>

namespace landwaiter::platform {

using namespace std::chrono_literals;

ServiceClock::ServiceClock(const Clock& machine) : machine_(machine) { start_at(machine.now()); }

SystemTime ServiceClock::machine_steady() const {
  return SystemTime(std::chrono::duration_cast<std::chrono::microseconds>(machine_.steady_now().time_since_epoch()));
}

SystemTime ServiceClock::now() const { return machine_steady() + std::chrono::microseconds(ahead_us_.load()); }

void ServiceClock::start_at(SystemTime time) { ahead_us_ = std::chrono::microseconds(time - machine_steady()).count(); }

void ServiceClock::follow(SystemTime time) {
  // A lease of a minute may lose half a second of it; a clock that was set by two minutes is followed within hours.
  constexpr std::chrono::microseconds kStepMax = 250ms;
  ahead_us_ += std::clamp<std::chrono::microseconds>(time - now(), -kStepMax, kStepMax).count();
}

}  // namespace landwaiter::platform
