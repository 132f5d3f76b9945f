// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/console.hpp"

#include "core/base/log.hpp"

#include <csignal>
#include <utility>

namespace landwaiter::daemon {

void ConsoleHost::on_stop(std::function<void()> stop) {
  signals_.emplace(io_.get_executor(), StopSignals::Second::calls_again, std::move(stop));
  hangups_.emplace(io_, SIGHUP);
  hear_hangups();
}

/// What runs is worth more than a habit of those who rotate logs, or a terminal that goes away.
void ConsoleHost::hear_hangups() {
  hangups_->async_wait([this](boost::system::error_code cancelled, int) {
    if (cancelled) return;
    if (reload_) {
      reload_();
      return hear_hangups();
    }
    log_event(LogLevel::warning, "SIGHUP is passed over: a changed configuration is read at the next start, SIGTERM ends this one");
    hear_hangups();
  });
}

void ConsoleHost::forget_stop() {
  if (signals_) signals_->cancel();
  if (hangups_) hangups_->cancel();
}

}  // namespace landwaiter::daemon
