// SPDX-License-Identifier: Apache-2.0
#include "registry/http/connection_pool.hpp"

#include "core/base/limits.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace landwaiter::registry {

namespace asio = boost::asio;

class ConnectionPool::Place {
 public:
  Place(std::shared_ptr<ConnectionPool> pool, Origin origin) : pool_(std::move(pool)), origin_(std::move(origin)) {
    waiter_ = std::make_shared<Waiter>(pool_->executor_);
    waiter_->timer.expires_at(std::chrono::steady_clock::time_point::max());
    pool_->hosts_[origin_].waiters.push_back(waiter_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (taken_) return;
    if (waiter_->granted) pool_->pass_on(origin_);
    else pool_->hosts_[origin_].waiters.remove(waiter_);
  }

  asio::steady_timer& timer() { return waiter_->timer; }
  /// True if a connection was granted, which the caller must give back.
  bool take() {
    taken_ = waiter_->granted;
    return taken_;
  }

 private:
  std::shared_ptr<ConnectionPool> pool_;
  Origin origin_;
  std::shared_ptr<Waiter> waiter_;
  bool taken_ = false;
};

ConnectionPool::ConnectionPool(asio::any_io_executor executor, std::size_t connections_per_origin)
    : executor_(std::move(executor)), connections_per_origin_(std::max<std::size_t>(1, connections_per_origin)) {}

ConnectionPool::Lease::Lease(std::shared_ptr<ConnectionPool> pool, Origin origin) : pool_(std::move(pool)), origin_(std::move(origin)) {}

ConnectionPool::Lease& ConnectionPool::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  connection = std::move(other.connection);
  pool_ = std::move(other.pool_);
  origin_ = std::move(other.origin_);
  return *this;
}

void ConnectionPool::Lease::give_back() {
  if (!pool_) return;
  if (connection && !connection->reusable()) connection.reset();
  const auto pool = std::move(pool_);
  pool->release(origin_, std::move(connection));
}

Awaitable<ConnectionPool::Lease> ConnectionPool::acquire(Origin origin, bool fresh) {
  prune();
  if (hosts_[origin].in_use >= connections_per_origin_) {
    Place place(shared_from_this(), origin);
    boost::system::error_code ignored;
    co_await place.timer().async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!place.take()) co_return Error(ErrorCode::cancelled, "cancelled while waiting for a connection to " + origin.host);
  } else {
    ++hosts_[origin].in_use;
  }
  Lease lease(shared_from_this(), origin);
  lease.connection = take_kept(hosts_[origin], fresh);
  co_return lease;
}

std::unique_ptr<Connection> ConnectionPool::take_kept(Host& host, bool fresh) {
  if (fresh) host.kept.clear();
  while (!host.kept.empty()) {
    // The most recent one is most likely to be alive.
    auto connection = std::move(host.kept.back().connection);
    host.kept.pop_back();
    if (!connection->stale()) return connection;
  }
  return nullptr;
}

void ConnectionPool::release(const Origin& origin, std::unique_ptr<Connection> connection) {
  if (connection) hosts_[origin].kept.push_back({std::move(connection), std::chrono::steady_clock::now()});
  pass_on(origin);
}

void ConnectionPool::pass_on(const Origin& origin) {
  Host& host = hosts_[origin];
  if (!host.waiters.empty()) {
    const auto next = std::move(host.waiters.front());
    host.waiters.pop_front();
    next->granted = true;
    next->timer.cancel();
    return;
  }
  --host.in_use;
}

void ConnectionPool::prune() {
  const auto oldest = std::chrono::steady_clock::now() - limits::connection_idle_max;
  for (auto& [origin, host] : hosts_) {
    while (!host.kept.empty() && host.kept.front().since < oldest) host.kept.pop_front();
  }
  // Redirects may lead to any number of hosts: drop unused ones.
  std::erase_if(hosts_,
                [](const auto& entry) { return entry.second.in_use == 0 && entry.second.kept.empty() && entry.second.waiters.empty(); });
}

}  // namespace landwaiter::registry
