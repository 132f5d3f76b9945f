// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/http/connection.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <list>
#include <map>
#include <memory>

namespace landwaiter::registry {

/// Bounds how many connections are in use for each origin and keeps finished ones for a while. Who finds all in use waits in a
/// queue. Used from one thread; a lease may outlive its owner's handle on the pool.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  ConnectionPool(boost::asio::any_io_executor executor, std::size_t connections_per_origin);

  /// The right to one connection to an origin, with a kept connection when there was one. Gives both back when destroyed.
  class Lease {
   public:
    Lease() = default;
    Lease(std::shared_ptr<ConnectionPool> pool, Origin origin);
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { give_back(); }
    /// Early; a connection that may be used again is kept for others, another is closed.
    void give_back();

    std::unique_ptr<Connection> connection;

   private:
    std::shared_ptr<ConnectionPool> pool_;
    Origin origin_;
  };

  /// With `fresh`, kept connections are passed over and closed. Error: cancelled.
  Awaitable<Lease> acquire(Origin origin, bool fresh);

 private:
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    bool granted = false;
  };
  struct Kept {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };
  struct Host {
    std::size_t in_use = 0;
    std::deque<Kept> kept;
    std::list<std::shared_ptr<Waiter>> waiters;
  };
  /// A place in the queue, left when destroyed.
  class Place;

  std::unique_ptr<Connection> take_kept(Host& host, bool fresh);
  void release(const Origin& origin, std::unique_ptr<Connection> connection);
  void pass_on(const Origin& origin);
  void prune();

  boost::asio::any_io_executor executor_;
  std::size_t connections_per_origin_;
  std::map<Origin, Host> hosts_;
};

}  // namespace landwaiter::registry
