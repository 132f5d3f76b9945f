// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "platform/http/call.hpp"
#include "platform/resources.hpp"
#include "platform/store/content/retention.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>

namespace landwaiter::platform {

/// What a platform does by itself, again and again: sweeps (store/queue/sweeper.hpp), drops what is old in small batches, and finds out
/// whether the database can be written. Of several processes one does the first two. Each is a transaction on the writers' lane, so
/// requests come between. Lives on the io thread.
class Maintenance : public std::enable_shared_from_this<Maintenance> {
 public:
  struct Hooks {
    std::function<void(TopicSet)> changed;  ///< it changed this
    std::function<void(TopicSet)> woken;    ///< another process may have changed this
  };
  Maintenance(std::shared_ptr<Resources> resources, const boost::asio::any_io_executor& io, Hooks hooks);

  /// Until stop().
  boost::asio::awaitable<void> run();
  void stop();

 private:
  using Step = std::function<void(Transaction&)>;
  /// In a transaction of its own, if this process is the one that does such work. False if that failed.
  boost::asio::awaitable<bool> if_ours(std::string_view what, Step step);
  boost::asio::awaitable<bool> in_transaction(std::string_view what, Step step);
  boost::asio::awaitable<void> announce();
  boost::asio::awaitable<void> sweep_all();
  boost::asio::awaitable<void> prune();
  boost::asio::awaitable<bool> remove_blobs();
  void poll();
  boost::asio::awaitable<void> find_out_whether_ready();
  std::chrono::milliseconds pause();

  std::shared_ptr<Resources> resources_;
  Hooks hooks_;
  Sleeper sleeper_;
  std::minstd_rand random_;
  RetentionRound retention_;
  SystemTime prune_at_;
  SteadyTime follow_at_;
  SystemTime ours_until_;
  std::uint64_t rounds_ = 0;
  std::chrono::steady_clock::time_point probe_at_;
  bool stopping_ = false;
};

}  // namespace landwaiter::platform
