// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

/// Coroutine tools that Asio lacks. All except run_on belong to one io thread.
namespace landwaiter {

namespace asio = boost::asio;

/// The result of a coroutine that can fail for reasons outside the program.
template <class T>
using Awaitable = asio::awaitable<Result<T>>;

/// Runs `work()` on another executor (a pool, the store's thread) and resumes here with what it returned, or with the exception that it
/// threw. The work is not interrupted by cancellation of the coroutine; long work polls a stop token.
template <class Work>
asio::awaitable<std::invoke_result_t<Work>> run_on(asio::any_io_executor where, Work work) {
  struct Outcome {
    std::optional<std::invoke_result_t<Work>> value;
    std::exception_ptr thrown;
  };
  auto initiate = [where](auto handler, Work job) {
    auto home = asio::get_associated_executor(handler);
    // Keeps the io thread's run() alive while the only thing left to do happens elsewhere.
    auto guard = asio::make_work_guard(home);
    auto task = [job = std::move(job), handler = std::move(handler), guard = std::move(guard)]() mutable {
      Outcome outcome;
      try {
        outcome.value.emplace(job());
      } catch (...) {
        outcome.thrown = std::current_exception();  // it belongs to the caller: here it would end the process
      }
      auto resume = [handler = std::move(handler), outcome = std::move(outcome)]() mutable { std::move(handler)(std::move(outcome)); };
      asio::post(guard.get_executor(), std::move(resume));
    };
    asio::post(where, std::move(task));
  };
  auto operation =
      asio::async_initiate<const asio::use_awaitable_t<>, void(Outcome)>(std::move(initiate), asio::use_awaitable, std::move(work));
  auto outcome = co_await std::move(operation);
  if (outcome.thrown) std::rethrow_exception(outcome.thrown);
  co_return *std::move(outcome.value);
}

/// Waits until notify() is called; each call wakes all current waiters.
class Event {
 public:
  explicit Event(const asio::any_io_executor& executor) : timer_(executor) { timer_.expires_at(asio::steady_timer::time_point::max()); }

  void notify() { timer_.cancel(); }

  asio::awaitable<void> wait() {
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

 private:
  asio::steady_timer timer_;
};

/// Waits up to `duration`, or until `wake` is notified or the coroutine is cancelled.
class Sleeper {
 public:
  explicit Sleeper(const asio::any_io_executor& executor) : timer_(executor) {}

  void wake() { timer_.cancel(); }

  asio::awaitable<void> sleep(std::chrono::steady_clock::duration duration) {
    timer_.expires_after(duration);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

 private:
  asio::steady_timer timer_;
};

/// A set of coroutines that are started together and waited for together. An exception in one is rethrown by join().
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor) : executor_(executor), done_(executor) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// The group must outlive the task; join() before destroying it.
  void spawn(asio::awaitable<void> task) {
    ++running_;
    auto finished = [this](std::exception_ptr failure) {
      if (failure && !failure_) failure_ = failure;
      --running_;
      done_.notify();
    };
    asio::co_spawn(executor_, std::move(task), std::move(finished));
  }

  std::size_t running() const { return running_; }

  asio::awaitable<void> join() {
    while (running_ > 0) co_await done_.wait();
    if (failure_) std::rethrow_exception(failure_);
  }

  /// Returns once fewer than `limit` tasks run: bounds what is in flight.
  asio::awaitable<void> below(std::size_t limit) {
    while (running_ >= limit) co_await done_.wait();
  }

 private:
  asio::any_io_executor executor_;
  Event done_;
  std::size_t running_ = 0;
  std::exception_ptr failure_;
};

}  // namespace landwaiter
