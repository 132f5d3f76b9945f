// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/service/service.hpp"
#include "daemon/service/stop_signals.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace landwaiter::daemon {

/// A terminal, a container, or whatever knows a service by its signals alone.
class ConsoleHost : public ServiceHost {
 public:
  explicit ConsoleHost(boost::asio::io_context& io) : io_(io) {}
  void ready() override {}
  void alive(const std::string&) override {}
  void stopping() override {}
  void on_stop(std::function<void()> stop) override;
  void on_reload(std::function<void()> reload) override { reload_ = std::move(reload); }
  void forget_stop() override;

 private:
  void hear_hangups();

  boost::asio::io_context& io_;
  std::optional<StopSignals> signals_;
  std::optional<boost::asio::signal_set> hangups_;
  std::function<void()> reload_;
};

}  // namespace landwaiter::daemon
