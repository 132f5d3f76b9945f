// SPDX-License-Identifier: Apache-2.0
#include "registry/retry.hpp"

#include "core/limits.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace landwaiter::registry {

namespace asio = boost::asio;
using std::chrono::milliseconds;

Awaitable<void> Retry::wait(std::string host, milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Error(ErrorCode::cancelled, "cancelled while waiting to ask " + host + " again");
  co_return Result<void>();
}

Awaitable<void> Retry::turn(std::string host) {
  const auto left = throttle_.held_until(host) - clock_.steady_now();
  if (left <= SteadyTime::duration::zero()) co_return Result<void>();
  auto op = wait(std::move(host), std::min(limits::retry_wait_max, std::chrono::ceil<milliseconds>(left)));
  co_return co_await std::move(op);
}

Awaitable<void> Retry::back_off(std::string host, Error error, std::size_t attempt) {
  const ErrorCode code = error.code();
  const bool passing = code == ErrorCode::unavailable || code == ErrorCode::timeout || code == ErrorCode::rate_limited;
  if (!passing) co_return error;
  const SteadyTime now = clock_.steady_now();
  if (const auto asked = error.retry_after()) throttle_.hold(host, now + std::min(*asked, limits::retry_wait_max));
  if (error.retry_after() && *error.retry_after() > limits::retry_wait_max) co_return error;
  if (!throttle_.spend_retry(host, now)) co_return error;
  const milliseconds bound = std::min(limits::retry_wait_max, limits::retry_wait_first * (1 << std::min<std::size_t>(attempt - 1, 10)));
  milliseconds duration(std::uniform_int_distribution<milliseconds::rep>(0, bound.count())(random_));
  if (error.retry_after()) duration = *error.retry_after();
  auto op = wait(std::move(host), duration);
  co_return co_await std::move(op);
}

}  // namespace landwaiter::registry
