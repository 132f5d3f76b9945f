// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/stop_signals.hpp"

#include <csignal>
#include <utility>

namespace landwaiter::daemon {

StopSignals::StopSignals(boost::asio::any_io_executor executor, Second second, std::function<void()> stop)
    : signals_(executor, SIGINT, SIGTERM), second_(second), stop_(std::move(stop)) {
  wait();
}

void StopSignals::wait() {
  signals_.async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    if (second_ == Second::calls_again) {
      wait();
    } else {
      signals_.clear();  // from here on the system's own way: the process ends
    }
    stop_();
  });
}

}  // namespace landwaiter::daemon
