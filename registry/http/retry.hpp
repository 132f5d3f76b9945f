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

/// The pause before attempt number `attempt` (the first retry is 1): a share `chance` (0 to 1) of a bound that grows by a factor of two,
/// after the requested wait. The jitter keeps jobs that failed together from retrying together.
std::chrono::milliseconds retry_pause(std::size_t attempt, std::optional<std::chrono::milliseconds> asked, double chance);

/// Pauses between the attempts of a request: exponential with full jitter, or as long as the other side asks. Shares the state of a host
/// through the transport's Throttle. Used from the io thread.
class Retry {
 public:
  Retry(Throttle& throttle, const Clock& clock) : throttle_(throttle), clock_(clock) {}

  /// Waits until requests to the host are allowed. Error: rate_limited, with the wait, if that is too long to wait here.
  Awaitable<void> turn(std::string host);
  /// Waits before attempt number `attempt` (the first retry is 1). Returns the error if it is not transient, asks for a wait that is too
  /// long, or the host's retry budget is spent.
  Awaitable<void> back_off(std::string host, Error error, std::size_t attempt);

 private:
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  Awaitable<void> wait(std::string host, std::chrono::milliseconds duration);

  Throttle& throttle_;
  const Clock& clock_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace landwaiter::registry
