// SPDX-License-Identifier: Apache-2.0
#include "core/base/work_meter.hpp"

#include "tests/support/catch.hpp"

#include <cstdint>
#include <limits>

namespace landwaiter {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("a meter gives what was earned, and a debt is paid first") {
  WorkMeter meter;
  meter.begin(100);
  CHECK(meter.charge(100));
  CHECK_FALSE(meter.spent());
  CHECK_FALSE(meter.charge(50));
  CHECK(meter.spent());
  meter.earn(40);
  CHECK(meter.spent());
  meter.earn(10);
  CHECK_FALSE(meter.spent());
  CHECK(meter.used() == 150);
  meter.begin(1);
  CHECK(meter.used() == 0);
  CHECK(meter.charge(1));
}

TEST_CASE("a meter does not overflow") {
  WorkMeter meter;
  meter.begin(kHuge);
  meter.earn(kHuge);
  CHECK(meter.charge(1));
  for (int i = 0; i < 100; ++i) CHECK_FALSE((meter.charge(kHuge) && meter.charge(kHuge)));
  meter.earn(1);
  CHECK(meter.spent());
}

TEST_CASE("work is charged to the innermost scope, and to nobody outside of all") {
  WorkMeter outer, inner;
  outer.begin(10);
  inner.begin(10);
  CHECK(charge_work(kHuge));
  {
    const WorkScope first(outer);
    CHECK(charge_work(1));
    {
      const WorkScope second(inner);
      CHECK_FALSE(charge_work(11));
    }
    CHECK(charge_work(9));
    CHECK_FALSE(charge_work(1));
  }
  CHECK(charge_work(kHuge));
  CHECK(outer.used() == 11);
  CHECK(inner.used() == 11);
}

}  // namespace
}  // namespace landwaiter
