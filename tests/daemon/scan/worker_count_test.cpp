// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/worker_count.hpp"

#include "core/base/limits.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

ResourceLimits memory(std::uint64_t mib) { return {mib * kMiB, std::nullopt}; }

}  // namespace

TEST_CASE("without limits as many workers start as are asked for, or as there are cores", "[workers]") {
  CHECK(plan_workers({0}, 8, {}).workers == 8);
  CHECK(plan_workers({3}, 8, {}).workers == 3);
  CHECK(plan_workers({0}, 0, {}).workers == 1);
  CHECK(plan_workers({0}, 1000, {}).workers == 64);
  CHECK(plan_workers({20}, 2, {}).fewer.empty());
}

TEST_CASE("no more workers start than fit into memory", "[workers]") {
  CHECK(plan_workers({0}, 8, memory(64 + 48 * 8)).fewer.empty());
  CHECK(plan_workers({0}, 8, memory(64 + 48 * 8)).workers == 8);
  CHECK(plan_workers({0}, 8, memory(64 + 48 * 8 - 1)).workers == 7);
  const WorkerPlan asked = plan_workers({16}, 8, memory(64 + 48 * 2));
  CHECK(asked.workers == 2);
  CHECK(asked.fewer ==
        "only 2 of 16 workers are started: this process may use 160.0 MiB of memory, and needs 64.0 MiB and 48.0 MiB for each worker");
  CHECK(plan_workers({16, 100 * kMiB}, 8, memory(64 + 48 * 2)).workers == 1);
  for (const std::uint64_t little : {0, 10, 64, 100}) {
    INFO(little);
    CHECK(plan_workers({4}, 8, memory(little)).workers == 1);
    CHECK_FALSE(plan_workers({4}, 8, memory(little)).fewer.empty());
    CHECK(plan_workers({1}, 8, memory(little)).fewer.empty());
  }
}

TEST_CASE("CPU time only decides where no number is asked for", "[workers]") {
  CHECK(plan_workers({0}, 8, {std::nullopt, 1.5}).workers == 2);
  CHECK(plan_workers({0}, 8, {std::nullopt, 0.1}).workers == 1);
  CHECK(plan_workers({0}, 2, {std::nullopt, 1e300}).workers == 2);
  CHECK(plan_workers({6}, 8, {std::nullopt, 1.5}).workers == 6);
}
