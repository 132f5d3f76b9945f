// SPDX-License-Identifier: Apache-2.0
#include "registry/http/throttle.hpp"

#include "core/base/limits.hpp"

#include <algorithm>

namespace landwaiter::registry {

using Seconds = std::chrono::duration<double>;

Throttle::Host& Throttle::host_at(const std::string& host, SteadyTime now) {
  const auto known = hosts_.find(host);
  if (known != hosts_.end()) return known->second;
  // Redirects may lead to any number of hosts: drop those without state.
  std::erase_if(hosts_, [&](const auto& entry) {
    return entry.second.held_until <= now && now - entry.second.refilled_at > limits::retry_budget_refill;
  });
  return hosts_.emplace(host, Host{SteadyTime{}, static_cast<double>(limits::retry_budget), now}).first->second;
}

void Throttle::hold(const std::string& host, SteadyTime until, SteadyTime now) {
  Host& state = host_at(host, now);
  state.held_until = std::max(state.held_until, until);
}

SteadyTime Throttle::held_until(const std::string& host) const {
  const auto known = hosts_.find(host);
  return known == hosts_.end() ? SteadyTime{} : known->second.held_until;
}

bool Throttle::spend_retry(const std::string& host, SteadyTime now) {
  Host& state = host_at(host, now);
  const double whole = static_cast<double>(limits::retry_budget);
  const double refill = Seconds(now - state.refilled_at) / Seconds(limits::retry_budget_refill) * whole;
  state.budget = std::min(whole, state.budget + std::max(0.0, refill));
  state.refilled_at = now;
  if (state.budget < 1) return false;
  state.budget -= 1;
  return true;
}

}  // namespace landwaiter::registry
