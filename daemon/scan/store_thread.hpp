// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "storage/local/store.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>

namespace landwaiter::daemon {

/// The one thread that owns the store. Every use is a function run there, so that a slow disk never stops the network.
class StoreThread {
 public:
  explicit StoreThread(std::unique_ptr<storage::Store> store) : store_(std::move(store)), thread_(1) {}
  ~StoreThread() { thread_.join(); }
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  /// Runs work(Store&) there and resumes with its result. Must not outlive this object.
  template <class Work>
  auto run(Work work) {
    auto on_store = [store = store_.get(), work = std::move(work)]() mutable { return work(*store); };
    return run_on(thread_.get_executor(), std::move(on_store));
  }

 private:
  std::unique_ptr<storage::Store> store_;
  asio::thread_pool thread_;
};

}  // namespace landwaiter::daemon
