// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace landwaiter::daemon {

/// What started this process to run on and on, and wants to know how it goes: systemd, or a person at a terminal. Lives on the io thread.
class ServiceHost {
 public:
  virtual ~ServiceHost() = default;

  /// The start is done, and work begins.
  virtual void ready() = 0;
  /// Not stuck; `status` says in a line what it does. To be told again and again, in less than half the host's patience.
  virtual void alive(const std::string& status) = 0;
  /// The end has begun, and may take a while.
  virtual void stopping() = 0;

  /// Calls `stop` at each request to end, until forget_stop(): the first asks to finish what runs, the second to leave it.
  virtual void on_stop(std::function<void()> stop) = 0;
  /// Calls `reload` at each request to read files again (SIGHUP), from on_stop() to forget_stop(). Without it, such a request is passed
  /// over.
  virtual void on_reload(std::function<void()> reload) = 0;
  /// Waits for no more requests, so that io.run() can return.
  virtual void forget_stop() = 0;
};

/// The host of this process: systemd when it waits for news, and otherwise a console, which learns nothing and can only ask to stop.
std::unique_ptr<ServiceHost> make_service_host(boost::asio::io_context& io);

}  // namespace landwaiter::daemon
