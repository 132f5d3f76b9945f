// SPDX-License-Identifier: Apache-2.0
#include "core/base/memory_meter.hpp"

#include "tests/support/catch.hpp"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace landwaiter {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("a memory meter refuses what does not fit, and remembers its peak") {
  MemoryMeter meter;
  meter.begin(100);
  CHECK(meter.take(60));
  CHECK_FALSE(meter.take(41));
  CHECK_FALSE(meter.take(kHuge));
  CHECK_FALSE(meter.take(30, 11));
  CHECK(meter.take(30, 10));
  CHECK(meter.left() == 10);
  meter.give_back(50);
  CHECK(meter.used() == 40);
  CHECK(meter.peak() == 90);
  meter.give_back(kHuge);
  CHECK(meter.used() == 0);
  meter.begin(1);
  CHECK(meter.peak() == 0);
}

TEST_CASE("a share gives back what it holds when it goes") {
  MemoryMeter meter;
  meter.begin(limits::kept_memory_bytes_min + 100);
  const MemoryScope scope(meter);
  {
    MemoryShare share;
    CHECK(share.borrow(100));
    CHECK_FALSE(share.borrow(1));
    CHECK(share.keep(50));
    CHECK_FALSE(share.keep(kHuge));
    MemoryShare moved = std::move(share);
    CHECK(moved.bytes() == 150);
    CHECK(share.bytes() == 0);
    moved.give_back(30);
    CHECK(meter.used() == 120);
    MemoryShare other;
    CHECK(other.keep(7));
    other = std::move(moved);
    CHECK(meter.used() == 120);
  }
  CHECK(meter.used() == 0);
}

TEST_CASE("nothing is refused outside of all scopes") {
  MemoryShare share;
  CHECK(share.borrow(kHuge / 2));
  CHECK(memory_left() == kHuge);
  MemoryMeter outer, inner;
  outer.begin(10);
  inner.begin(5);
  {
    const MemoryScope first(outer);
    {
      const MemoryScope second(inner);
      CHECK(memory_left() == 5);
    }
    CHECK(memory_left() == 10);
  }
  CHECK(memory_left() == kHuge);
}

TEST_CASE("a list grows within its share") {
  MemoryMeter meter;
  meter.begin(100 * sizeof(std::uint64_t));
  const MemoryScope scope(meter);
  MemoryShare share;
  std::vector<std::uint64_t> list;
  while (make_room(list, 1, share)) {
    list.push_back(list.size());
    REQUIRE(share.bytes() >= list.size() * sizeof(std::uint64_t));
  }
  CHECK(list.size() > 40);
  CHECK(list.size() <= 100);
  CHECK(list.size() == list.capacity());
  CHECK(share.bytes() == list.capacity() * sizeof(std::uint64_t));
  CHECK(meter.peak() <= 100 * sizeof(std::uint64_t));
}

}  // namespace
}  // namespace landwaiter
