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

/// Runs a coroutine on `io` to its end and gives back what it returned; what it throws is thrown here. Returns only when nothing is left to
/// do on `io`: a worker that has handed its result back still lets go of `io` after that, which must not be gone by then.
template <class T>
T run_awaitable(boost::asio::io_context& io, boost::asio::awaitable<T> operation) {
  std::optional<T> out;
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, std::move(operation), [&](std::exception_ptr error, T value) {
    thrown = error;
    out.emplace(std::move(value));
  });
  io.restart();
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  if (!out) throw std::logic_error("the coroutine waits for something that never comes");
  return std::move(*out);
}

}  // namespace landwaiter::test
