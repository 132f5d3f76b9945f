// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <map>
#include <string>

namespace landwaiter::registry {

/// What all jobs of a process know together about how often a host may be asked: the pause it asked for, and how many retries it may
/// still be asked for. A host in trouble is thus not asked once more by every job. Used from the io thread.
class Throttle {
 public:
  /// Nobody asks `host` before `until`; an earlier and longer pause stays.
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
