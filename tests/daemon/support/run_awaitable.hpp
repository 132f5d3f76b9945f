// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>

namespace landwaiter::daemon {

/// Runs one coroutine to its end on a fresh turn of `io` and gives its value; rethrows its exception.
template <class T>
T run_awaitable(asio::io_context& io, asio::awaitable<T> task) {
  std::optional<T> value;
  auto finished = [&](std::exception_ptr failure, T result) {
    if (failure) std::rethrow_exception(failure);
    value = std::move(result);
  };
  asio::co_spawn(io, std::move(task), finished);
  io.restart();
  io.run();
  return std::move(value.value());
}

}  // namespace landwaiter::daemon
