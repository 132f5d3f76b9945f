// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/service/console.hpp"

namespace landwaiter::daemon {

/// systemd with Type=notify; it requests a stop with the same signals as a console.
class SystemdHost final : public ConsoleHost {
 public:
  using ConsoleHost::ConsoleHost;
  void ready() override;
  void alive(const std::string& status) override;
  void stopping() override;
};

}  // namespace landwaiter::daemon
