// SPDX-License-Identifier: Apache-2.0
#include "platform/http/wakeup.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>

namespace landwaiter::platform {

namespace asio = boost::asio;

struct Wakeup::Impl {
  std::uint64_t version = 0;
  std::list<asio::steady_timer*> waiting;
};

Wakeup::Wakeup() : impl_(std::make_shared<Impl>()) {}
Wakeup::~Wakeup() = default;

std::uint64_t Wakeup::version() const { return impl_->version; }

void Wakeup::notify() {
  ++impl_->version;
  for (asio::steady_timer* timer : impl_->waiting) timer->cancel();
}

asio::awaitable<void> Wakeup::wait_beyond(std::uint64_t seen, std::chrono::steady_clock::time_point deadline) {
  const auto impl = impl_;
  if (impl->version > seen) co_return;
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline);
  const auto at = impl->waiting.insert(impl->waiting.end(), &timer);
  // Also if the io_context is destroyed during this coroutine.
  const std::shared_ptr<void> leave(nullptr, [impl, at](void*) { impl->waiting.erase(at); });
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace landwaiter::platform
