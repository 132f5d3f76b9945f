// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace landwaiter::platform {

/// Lets coroutines wait until something changed. Lives on the io thread. To miss nothing: read version(), look, and when there is
/// nothing wait for a version beyond that one.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();

  std::uint64_t version() const;
  void notify();
  /// Returns as soon as version() is beyond `seen`, at the latest at `deadline`.
  boost::asio::awaitable<void> wait_beyond(std::uint64_t seen, std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace landwaiter::platform
