// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace landwaiter::platform {

/// Lets coroutines wait for a change. Lives on the io thread. To miss nothing: read version(), check, and if there is nothing, wait for a
/// later version.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();

  std::uint64_t version() const;
  void notify();
  /// Returns as soon as version() exceeds `seen`, at the latest at `deadline`.
  boost::asio::awaitable<void> wait_beyond(std::uint64_t seen, std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace landwaiter::platform
