// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace landwaiter::daemon {

/// Requests to end in an orderly way: Ctrl-C, and what the system's manager of services sends (SIGTERM). Lives on the io thread.
class StopSignals {
 public:
  enum class Second { calls_again, ends_process };

  /// Calls `stop` at the first request. A second one calls it again, or ends the process at once.
  StopSignals(boost::asio::any_io_executor executor, Second second, std::function<void()> stop);
  /// Until one of these is made, a request ends the process with this code, as a later one does.
  static void end_process_with(int code);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Waits no more, so that io.run() can return.
  void cancel() { signals_.cancel(); }

 private:
  void wait();

  boost::asio::signal_set signals_;
  Second second_;
  std::function<void()> stop_;
};

}  // namespace landwaiter::daemon
