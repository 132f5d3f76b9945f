// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/console.hpp"

#include <utility>

namespace landwaiter::daemon {

void ConsoleHost::on_stop(std::function<void()> stop) {
  signals_.emplace(io_.get_executor(), StopSignals::Second::calls_again, std::move(stop));
}

void ConsoleHost::forget_stop() {
  if (signals_) signals_->cancel();
}

}  // namespace landwaiter::daemon
