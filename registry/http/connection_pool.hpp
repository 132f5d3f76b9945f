// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/http/connection.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <list>
#include <map>
#include <memory>

namespace landwaiter::registry {

/// Bounds the connections in use per origin and keeps idle ones for a while. Requests wait in a queue while all are in use. Used from one
/// thread; a lease may outlive its owner's handle on the pool.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  ConnectionPool(boost::asio::any_io_executor executor, std::size_t connections_per_origin);

  /// The right to one connection to an origin, with an idle connection if there was one. Returns both when destroyed.
  class Lease {
   public:
    Lease() = default;
    Lease(std::shared_ptr<ConnectionPool> pool, Origin origin);
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { give_back(); }
    /// Returns them early; a reusable connection is kept for others, any other is closed.
    void give_back();

    std::unique_ptr<Connection> connection;

   private:
    std::shared_ptr<ConnectionPool> pool_;
    Origin origin_;
  };

  /// With `fresh`, idle connections are closed instead of reused. Error: cancelled.
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
