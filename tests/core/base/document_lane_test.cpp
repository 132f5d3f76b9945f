// SPDX-License-Identifier: Apache-2.0
#include "core/base/document_lane.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"

#include <stdexcept>
#include <thread>

using namespace landwaiter;
using landwaiter::test::run_awaitable;

TEST_CASE("work on a large document is done on another thread, one after another", "[document_lane]") {
  boost::asio::io_context io;
  DocumentLane documents;
  const auto where = [&](std::uint64_t bytes) {
    const auto tell = [] { return std::this_thread::get_id(); };
    return run_awaitable(io, documents.run(bytes, tell));
  };
  CHECK(where(64 * limits::KiB) == std::this_thread::get_id());
  const auto apart = where(64 * limits::KiB + 1);
  CHECK(apart != std::this_thread::get_id());
  CHECK(where(limits::MiB) == apart);
  // What it throws comes back.
  const auto fail = []() -> int { throw std::runtime_error("broken"); };
  CHECK_THROWS_AS(run_awaitable(io, documents.run(limits::MiB, fail)), std::runtime_error);
}
