// SPDX-License-Identifier: Apache-2.0
#include "registry/http/retry.hpp"

#include "core/base/limits.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace landwaiter::registry {

namespace asio = boost::asio;
using std::chrono::milliseconds;

milliseconds retry_pause(std::size_t attempt, std::optional<milliseconds> asked, double chance) {
  const std::size_t doublings = std::clamp<std::size_t>(attempt, 1, 11) - 1;
  const milliseconds bound = std::min(limits::retry_wait_max, limits::retry_wait_first * (1 << doublings));
  const milliseconds jitter(static_cast<milliseconds::rep>(static_cast<double>(bound.count()) * std::clamp(chance, 0.0, 1.0)));
  return asked.value_or(milliseconds(0)) + jitter;
}

Awaitable<void> Retry::wait(std::string host, milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Error(ErrorCode::cancelled, "cancelled while waiting to ask " + host + " again");
  co_return Result<void>();
}

Awaitable<void> Retry::turn(std::string host) {
  const auto left = std::chrono::ceil<milliseconds>(throttle_.held_until(host) - clock_.steady_now());
  if (left <= milliseconds(0)) co_return Result<void>();
  if (left > limits::retry_wait_max) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
    Error held(ErrorCode::rate_limited, host + " asked clients to wait, for another " + std::to_string(seconds) + " s");
    held.set_retry_after(left);
    co_return held;
  }
  co_return co_await wait(std::move(host), retry_pause(1, left, chance()));
}

Awaitable<void> Retry::back_off(std::string host, Error error, std::size_t attempt) {
  const ErrorCode code = error.code();
  const bool passing = code == ErrorCode::unavailable || code == ErrorCode::timeout || code == ErrorCode::rate_limited;
  if (!passing) co_return error;
  const SteadyTime now = clock_.steady_now();
  const auto asked = error.retry_after();
  if (asked) throttle_.hold(host, now + std::min(*asked, limits::retry_after_max), now);
  if (asked && *asked > limits::retry_wait_max) co_return error;
  if (!throttle_.spend_retry(host, now)) co_return error;
  co_return co_await wait(std::move(host), retry_pause(attempt, asked, chance()));
}

}  // namespace landwaiter::registry
