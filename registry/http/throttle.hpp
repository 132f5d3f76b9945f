// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <map>
#include <string>

namespace landwaiter::registry {

/// Request limits per host, shared by all jobs of a process: the pause that the host asked for, and the remaining retry budget. This
/// keeps every job from retrying against a host in trouble. Used from the io thread.
class Throttle {
 public:
  /// No requests to `host` before `until`; a longer earlier pause stays.
  void hold(const std::string& host, SteadyTime until, SteadyTime now);
  SteadyTime held_until(const std::string& host) const;
  /// Takes one retry from the host's budget (limits::retry_budget, refilled with time); false when it is spent.
  bool spend_retry(const std::string& host, SteadyTime now);

 private:
  struct Host {
    SteadyTime held_until{};
    double budget = 0;
    SteadyTime refilled_at{};
  };
  Host& host_at(const std::string& host, SteadyTime now);

  std::map<std::string, Host> hosts_;
};

}  // namespace landwaiter::registry
