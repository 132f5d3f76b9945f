// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace landwaiter::test {

/// Runs a coroutine and gives back what it returned; what it throws is thrown here. `run` is called once the coroutine has begun and says
/// how long `io` runs: it gets whether the coroutine still does.
template <class T, class Run>
T run_awaitable(boost::asio::io_context& io, boost::asio::awaitable<T> operation, Run run) {
  std::optional<T> out;
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, std::move(operation), [&](std::exception_ptr error, T value) {
    thrown = error;
    out.emplace(std::move(value));
  });
  io.restart();
  run([&] { return !out; });
  if (thrown) std::rethrow_exception(thrown);
  if (!out) throw std::logic_error("the coroutine waits for something that never comes");
  return std::move(*out);
}

/// Returns when nothing is left to do on `io`: a worker thread that has handed its result back lets go of `io` only after that, and `io`
/// must not be gone by then.
template <class T>
T run_awaitable(boost::asio::io_context& io, boost::asio::awaitable<T> operation) {
  return run_awaitable(io, std::move(operation), [&](const auto&) { io.run(); });
}

/// Returns when the coroutine has, and leaves what else waits on `io`: the timers of idle connections. For code without threads of its own.
template <class T>
T run_awaitable_alone(boost::asio::io_context& io, boost::asio::awaitable<T> operation) {
  return run_awaitable(io, std::move(operation), [&](const auto& runs) {
    while (runs() && io.run_one() > 0) {
    }
  });
}

}  // namespace landwaiter::test
