// SPDX-License-Identifier: Apache-2.0
#include "platform/dispatcher.hpp"

#include "core/base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace landwaiter::platform {
namespace {

/// A round is one transaction, which must not hold the writer for long.
constexpr std::size_t kRoundMax = 64;
/// A few may get nothing for reasons of their own, such as the kinds of jobs that they take; then there is no work.
constexpr std::size_t kFruitlessMax = 3;

}  // namespace

Dispatcher::Dispatcher(const boost::asio::any_io_executor& executor, Round round) : round_(std::move(round)), event_(executor) {}

boost::asio::awaitable<void> Dispatcher::wait(std::shared_ptr<Waiter> waiter) {
  namespace asio = boost::asio;
  if (stopped_) co_return;
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  waiter->timer = &timer;
  fresh_.push_back(waiter);
  // Also if the io_context is destroyed during this coroutine.
  const std::shared_ptr<void> leaving(nullptr, [this, waiter](void*) { leave(waiter); });
  event_.notify();
  while (!waiter->served && (waiter->in_round || !(stopped_ || waiter->left))) {
    const bool may_expire = waiter->tried && !waiter->in_round;
    if (may_expire && std::chrono::steady_clock::now() >= waiter->deadline) break;
    timer.expires_at(may_expire ? waiter->deadline : std::chrono::steady_clock::time_point::max());
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void Dispatcher::leave(const std::shared_ptr<Waiter>& waiter) {
  waiter->timer = nullptr;
  std::erase(fresh_, waiter);
  std::erase(waiting_, waiter);
}

void Dispatcher::work_came() {
  ++news_;
  fruitless_ = 0;
  try_ = std::max<std::size_t>(try_, 1);
  event_.notify();
}

void Dispatcher::take(std::deque<std::shared_ptr<Waiter>>& from, std::size_t most, Waiters& chosen) {
  while (!from.empty() && chosen.size() < most) {
    const auto waiter = from.front();
    from.pop_front();
    waiter->left = waiter->gone();
    if (waiter->left) waiter->timer->cancel();
    else chosen.push_back(waiter);
  }
}

Dispatcher::Chosen Dispatcher::choose() {
  Chosen chosen;
  take(waiting_, std::min(try_, kRoundMax), chosen.waiters);
  chosen.longer = chosen.waiters.size();
  if (chosen.longer == 0) try_ = 0;
  take(fresh_, kRoundMax, chosen.waiters);
  for (const auto& waiter : chosen.waiters) waiter->in_round = true;
  return chosen;
}

void Dispatcher::judge(const Chosen& chosen) {
  std::size_t served = 0;
  for (std::size_t i = 0; i < chosen.waiters.size(); ++i) {
    const auto& waiter = chosen.waiters[i];
    waiter->tried = true;
    waiter->in_round = false;
    if (waiter->timer != nullptr) {
      if (!waiter->served) waiting_.push_back(waiter);
      waiter->timer->cancel();
    }
    if (i >= chosen.longer) continue;
    if (waiter->served) ++served;
    else ++fruitless_;
  }
  if (chosen.longer == 0) return;
  if (fruitless_ >= kFruitlessMax) try_ = 0;
  else try_ = served == chosen.longer ? std::min(2 * try_, kRoundMax) : 1;
}

boost::asio::awaitable<void> Dispatcher::run() {
  while (!stopped_) {
    Chosen chosen = choose();
    if (chosen.waiters.empty()) {
      co_await event_.wait();
      continue;
    }
    const std::uint64_t news = news_;
    try {
      co_await round_(chosen.waiters);
    } catch (const std::exception& error) {
      // Without rounds nobody would get work any more.
      log_event(LogLevel::error, "a round for those that wait for jobs failed because of a bug", {{"error", error.what()}});
    }
    judge(chosen);
    if (news_ == news) continue;
    fruitless_ = 0;
    try_ = std::max<std::size_t>(try_, 1);
  }
}

void Dispatcher::stop() {
  stopped_ = true;
  event_.notify();
  for (const auto* queue : {&fresh_, &waiting_}) {
    for (const auto& waiter : *queue) waiter->timer->cancel();
  }
}

}  // namespace landwaiter::platform
