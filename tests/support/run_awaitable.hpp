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

/// Runs a coroutine on `io` to its end and gives back what it returned; what it throws is thrown here.
template <class T>
T run_awaitable(boost::asio::io_context& io, boost::asio::awaitable<T> operation) {
  std::optional<T> out;
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, std::move(operation), [&](std::exception_ptr error, T value) {
    thrown = error;
    out.emplace(std::move(value));
  });
  io.restart();
  while (!out && io.run_one() > 0) {
  }
  if (thrown) std::rethrow_exception(thrown);
  if (!out) throw std::logic_error("the coroutine waits for something that never comes");
  return std::move(*out);
}

}  // namespace landwaiter::test
