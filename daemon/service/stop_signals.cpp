// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/stop_signals.hpp"

#include <unistd.h>
#include <csignal>
#include <utility>

namespace landwaiter::daemon {
namespace {

volatile std::sig_atomic_t early_code = 0;

}  // namespace

void StopSignals::end_process_with(int code) {
  early_code = code;
  for (const int number : {SIGINT, SIGTERM}) {
    // What was started with a signal ignored (nohup, a shell's background) goes on.
    if (std::signal(number, [](int) { _exit(early_code); }) == SIG_IGN) std::signal(number, SIG_IGN);
  }
}

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
