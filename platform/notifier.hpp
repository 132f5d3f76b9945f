// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/secret.hpp"
#include "platform/http/call.hpp"
#include "platform/http/lane.hpp"
#include "storage/postgres/postgres_listener.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace landwaiter::platform {

/// Tells other processes on one PostgreSQL what has changed, and hears of them: a hint that makes them look at once, not in a second. What
/// is lost does no harm. Sent beside the transactions, by a connection of its own and not often: at its commit a notification takes a lock
/// that all of the server wait for. Lives on the io thread, but for the thread that listens.
class Notifier : public std::enable_shared_from_this<Notifier> {
 public:
  using Listen = std::function<Result<std::unique_ptr<storage::PostgresListener>>()>;
  struct Config {
    std::string process;    ///< the name of this one
    Lane::Connect connect;  ///< for what is sent
    Listen listen;
    std::chrono::milliseconds proof_time{3000};  ///< a notification of its own that does not come for so long never will
  };
  /// `heard` is told what other processes changed; everything, after a connection was lost.
  Notifier(boost::asio::any_io_executor io, Config config, std::function<void(TopicSet)> heard);
  ~Notifier() { end(); }

  void start();
  void publish(TopicSet changes);
  /// Whether notifications come through. A pooler that gives each transaction another connection loses them.
  bool hears() const { return hears_; }
  void stop();
  /// Ends its threads, when nothing runs the io thread any more.
  void end();

  static constexpr std::string_view kChannel = "landwaiter_platform";

 private:
  boost::asio::awaitable<void> send_pending();
  boost::asio::awaitable<bool> send(std::string payload);
  boost::asio::awaitable<void> prove();
  void take(const std::string& payload);
  void listen_until_end();
  void listen_while_connected(storage::PostgresListener& listener);
  void on_io(std::function<void(Notifier&)> what);

  boost::asio::any_io_executor io_;
  Config config_;
  std::function<void(TopicSet)> heard_;
  std::optional<Lane> lane_;
  TopicSet pending_;
  bool sending_ = false;
  bool hears_ = false;
  bool stopping_ = false;
  Sleeper between_;  ///< two that are sent
  Sleeper proof_;
  boost::asio::io_context listening_;
  std::mutex mutex_;
  std::condition_variable ended_now_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace landwaiter::platform
