// SPDX-License-Identifier: Apache-2.0
#include "platform/service_clock.hpp"

#include "platform/store/dialect.hpp"
#include "tests/platform/support/queue_world.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;
using platform::ServiceClock;

/// A machine whose wall clock can be set.
struct Machine final : Clock {
  SystemTime wall = from_unix_us(1'800'000'000'000'000);
  SteadyTime steady{1h};

  SystemTime now() const override { return wall; }
  SteadyTime steady_now() const override { return steady; }
  void pass(std::chrono::seconds time) {
    wall += time;
    steady += time;
  }
};

}  // namespace

TEST_CASE("service clock: it runs with the steady clock, from where it was started") {
  Machine machine;
  ServiceClock clock(machine);
  CHECK(clock.now() == machine.wall);
  machine.pass(10s);
  CHECK(clock.now() == machine.wall);
  const SystemTime elsewhere = machine.wall - 1h;
  clock.start_at(elsewhere);
  machine.pass(10s);
  CHECK(clock.now() == elsewhere + 10s);
}

TEST_CASE("service clock: a clock that is set is followed slowly, one that drifts at once") {
  Machine machine;
  ServiceClock clock(machine);
  for (const auto jump : {2min, -2min}) {
    machine.wall += jump;
    clock.follow(machine.wall, machine.steady);
    CHECK(abs(machine.wall - clock.now()) == 2min - 250ms);
    for (int i = 0; i < 480; ++i) {
      machine.pass(ServiceClock::kTold);
      clock.follow(machine.wall, machine.steady);
    }
    CHECK(clock.now() == machine.wall);
  }
  machine.wall += 20ms;
  clock.follow(machine.wall, machine.steady);
  CHECK(clock.now() == machine.wall);
}

TEST_CASE("service clock: a wall clock that jumps ends no lease") {
  QueueWorld world(test_engine());
  Machine machine;
  ServiceClock clock(machine);
  world.terms.now = clock.now();
  world.add_scan(1);
  REQUIRE(world.acquire(world.add_sensor("a")).size() == 1);
  const auto leases = [&] {
    world.terms.now = clock.now();
    world.sweep();
    return world.number("SELECT count(*) FROM lease");
  };
  machine.wall += 2min;
  clock.follow(machine.wall, machine.steady);
  machine.pass(30s);
  CHECK(leases() == 1);
  machine.wall -= 1h;
  clock.follow(machine.wall, machine.steady);
  machine.pass(31s);
  CHECK(leases() == 0);
}

TEST_CASE("service clock: PostgreSQL says what time it is") {
  if (test_engine().name != "postgres") return;
  const auto database = test_engine().fresh_database();
  platform::Transaction transaction(*database, storage::Access::read);
  const auto time = platform::database_time(transaction);
  REQUIRE(time.has_value());
  CHECK(abs(*time - RealClock().now()) < 1h);
}

}  // namespace landwaiter::test
