// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database/database.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

namespace landwaiter::platform {

/// One thread with its own database connection, so the io thread never waits for the disk. Work runs in order of submission.
class Lane {
 public:
  using Work = std::function<void(storage::Database&)>;

  explicit Lane(std::unique_ptr<storage::Database> database);
  /// Finishes the running work; queued work is dropped.
  ~Lane();

  /// Runs `work` on the lane's thread and resumes the caller on its own executor. An exception is logged and swallowed: work stores its
  /// result for the caller, and a missing result is a failure.
  boost::asio::awaitable<void> run(Work work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::platform
