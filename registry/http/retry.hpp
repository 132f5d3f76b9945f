// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "registry/http/throttle.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <string>

namespace landwaiter::registry {

/// The pause before try number `attempt` (the first retry is 1): a share `chance` (0 to 1) of a bound that doubles with each try,
/// after the wait that was asked for. The jitter keeps jobs that failed together from coming back together.
std::chrono::milliseconds retry_pause(std::size_t attempt, std::optional<std::chrono::milliseconds> asked, double chance);

/// Pauses between the tries of a request: exponential with full jitter, or as long as the other side asks for. Shares what is known
/// about a host through the transport's Throttle. Used from the io thread.
class Retry {
 public:
  Retry(Throttle& throttle, const Clock& clock) : throttle_(throttle), clock_(clock) {}

  /// Waits until the host may be asked at all. Error: rate_limited, with the wait, when that is longer than we wait in place.
  Awaitable<void> turn(std::string host);
  /// Waits before try number `attempt` (the first retry is 1). Returns the error again when it is not worth another try, asks for a
  /// longer wait than we do in place, or the host's budget for retries is spent.
  Awaitable<void> back_off(std::string host, Error error, std::size_t attempt);

 private:
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  Awaitable<void> wait(std::string host, std::chrono::milliseconds duration);

  Throttle& throttle_;
  const Clock& clock_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace landwaiter::registry
