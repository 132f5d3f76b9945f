// SPDX-License-Identifier: Apache-2.0
#include "core/base/async.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"

#include <boost/asio/thread_pool.hpp>

#include <new>

using namespace landwaiter;
using landwaiter::test::run_awaitable;

namespace {

template <class Work>
asio::awaitable<std::string> outcome_of(asio::any_io_executor where, Work work) {
  std::string out;
  try {
    out = co_await run_on(std::move(where), std::move(work));
  } catch (const std::exception& thrown) {
    out = std::string("thrown: ") + thrown.what();
  }
  co_return out;
}

}  // namespace

TEST_CASE("what work on another thread returns or throws arrives at its caller") {
  asio::io_context io;
  asio::thread_pool pool(1);
  auto returns = [] { return std::string("done"); };
  auto throws = []() -> std::string { throw std::bad_alloc(); };
  CHECK(run_awaitable(io, outcome_of(pool.get_executor(), returns)) == "done");
  CHECK(run_awaitable(io, outcome_of(pool.get_executor(), throws)) == "thrown: std::bad_alloc");
  CHECK(run_awaitable(io, outcome_of(pool.get_executor(), returns)) == "done");
  pool.join();
}
