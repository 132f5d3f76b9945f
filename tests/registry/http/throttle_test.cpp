// SPDX-License-Identifier: Apache-2.0
#include "registry/http/throttle.hpp"

#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace std::chrono_literals;

namespace {
const SteadyTime kNow = SteadyTime{} + 1000h;
}

TEST_CASE("a host is held for all, each host for itself, and a longer pause stays", "[throttle]") {
  Throttle throttle;
  CHECK(throttle.held_until("a") <= kNow);
  throttle.hold("a", kNow + 30s, kNow);
  throttle.hold("a", kNow + 10s, kNow);
  CHECK(throttle.held_until("a") == kNow + 30s);
  CHECK(throttle.held_until("b") <= kNow);
  throttle.hold("b", kNow + 24h, kNow + 20s);
  CHECK(throttle.held_until("a") == kNow + 30s);
}

TEST_CASE("a host's budget of retries is shared, spent and filled again with time", "[throttle]") {
  Throttle throttle;
  for (std::size_t i = 0; i < limits::retry_budget; ++i) REQUIRE(throttle.spend_retry("a", kNow));
  CHECK_FALSE(throttle.spend_retry("a", kNow));
  CHECK(throttle.spend_retry("b", kNow));
  const auto half = limits::retry_budget_refill / 2;
  std::size_t spent = 0;
  while (throttle.spend_retry("a", kNow + half)) ++spent;
  CHECK(spent == limits::retry_budget / 2);
  CHECK_FALSE(throttle.spend_retry("a", kNow + half));
  spent = 0;
  while (throttle.spend_retry("a", kNow + 1000h)) ++spent;
  CHECK(spent == limits::retry_budget);
}

TEST_CASE("a host's budget fills although it is held", "[throttle]") {
  Throttle throttle;
  throttle.hold("a", kNow + 24h, kNow);
  while (throttle.spend_retry("a", kNow)) {
  }
  CHECK(throttle.spend_retry("a", kNow + limits::retry_budget_refill));
}
