// SPDX-License-Identifier: Apache-2.0
#include "daemon/service/service.hpp"

#include "daemon/service/console.hpp"
#include "daemon/service/systemd.hpp"

#include <cstdlib>

namespace landwaiter::daemon {

std::unique_ptr<ServiceHost> make_service_host(boost::asio::io_context& io) {
  // sd_notify(3): who waits for news says here where to send them.
  if (std::getenv("NOTIFY_SOCKET") != nullptr) return std::make_unique<SystemdHost>(io);
  return std::make_unique<ConsoleHost>(io);
}

}  // namespace landwaiter::daemon
