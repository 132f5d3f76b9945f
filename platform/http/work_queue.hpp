// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace landwaiter::platform {

/// Ends the wait of a coroutine; callable from any thread, once. Dropped without a call, it destroys the coroutine.
using Resume = std::function<void()>;

/// Suspends the caller, gives its Resume to `start`, and goes on, on the caller's own executor, when that is called.
template <class Start>
boost::asio::awaitable<void> until_resumed(Start start) {
  namespace asio = boost::asio;
  auto initiate = [start = std::move(start)](auto handler) mutable {
    auto executor = asio::get_associated_executor(handler);
    // The guard keeps the io_context running while all work is elsewhere.
    auto guard = std::make_shared<asio::executor_work_guard<decltype(executor)>>(executor);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    start(Resume([guard, shared] { asio::post(guard->get_executor(), std::move(*shared)); }));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate), asio::use_awaitable);
}

/// Threads behind a queue of bounded length. Items are taken first come, first served, up to `at_once` by one thread.
template <class Item>
class WorkQueue {
 public:
  struct Size {
    std::size_t threads = 1;
    std::size_t waiting_max = 1;
    std::size_t at_once = 1;
  };
  /// Called on the threads, with the number of the thread. Must not throw.
  using Serve = std::function<void(std::vector<Item> items, std::size_t thread)>;

  WorkQueue(Size size, Serve serve) : size_(size), serve_(std::move(serve)) {
    for (std::size_t i = 0; i < size_.threads; ++i) threads_.emplace_back([this, i] { run(i); });
  }
  /// Finishes what runs, drops what waits.
  ~WorkQueue() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// False, and the item is as it was, if as many wait as may.
  bool push(Item& item) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= size_.waiting_max) return false;
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
    return true;
  }

  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  void run(std::size_t thread) {
    while (true) {
      std::vector<Item> taken;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || !items_.empty(); });
        if (ended_) return;
        const auto count = static_cast<std::ptrdiff_t>(std::min(size_.at_once, items_.size()));
        std::move(items_.begin(), items_.begin() + count, std::back_inserter(taken));
        items_.erase(items_.begin(), items_.begin() + count);
      }
      serve_(std::move(taken), thread);
    }
  }

  const Size size_;
  const Serve serve_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace landwaiter::platform
