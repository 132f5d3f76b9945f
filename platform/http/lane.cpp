// SPDX-License-Identifier: Apache-2.0
#include "platform/http/lane.hpp"

#include "core/base/log.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace landwaiter::platform {

namespace asio = boost::asio;

struct Lane::Impl {
  std::unique_ptr<storage::Database> database;
  asio::thread_pool thread{1};
};

namespace {

void run_logged(const Lane::Work& work, storage::Database& database) {
  try {
    work(database);
  } catch (const std::exception& error) {
    log_event(LogLevel::error, "a request failed because of a bug", {{"error", error.what()}});
  }
}

}  // namespace

Lane::Lane(std::unique_ptr<storage::Database> database) : impl_(std::make_unique<Impl>()) { impl_->database = std::move(database); }

Lane::~Lane() {
  impl_->thread.stop();
  impl_->thread.join();
}

asio::awaitable<void> Lane::run(Work work) {
  Impl* const impl = impl_.get();
  auto initiate = [impl](auto handler, Work todo) {
    auto executor = asio::get_associated_executor(handler);
    // Keeps the io_context running while only this lane has work.
    auto guard = asio::make_work_guard(executor);
    auto task = [impl, todo = std::move(todo), handler = std::move(handler), guard = std::move(guard), executor]() mutable {
      run_logged(todo, *impl->database);
      asio::post(executor, std::move(handler));
      guard.reset();
    };
    asio::post(impl->thread, std::move(task));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate), asio::use_awaitable, std::move(work));
}

}  // namespace landwaiter::platform
