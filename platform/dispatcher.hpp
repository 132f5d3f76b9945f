// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace landwaiter::platform {

/// Gives work to many callers that wait for it, several in one round, first come first served. How much work there is it learns by trying:
/// when work came, one of those that wait is tried, then twice as many as long as all get some; a few that get none end that. So one job
/// costs a few tries, however many wait. Lives on the io thread.
class Dispatcher {
 public:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// The caller has hung up, so work given to it would be lost.
    virtual bool gone() const = 0;

    bool served = false;                                  ///< set by a round that has an answer
    std::chrono::steady_clock::time_point deadline = {};  ///< set by a round that has none

   private:
    friend class Dispatcher;
    boost::asio::steady_timer* timer = nullptr;  ///< the caller's coroutine waits for it
    bool tried = false;
    bool in_round = false;
    bool left = false;  ///< the caller has gone
  };
  using Waiters = std::vector<std::shared_ptr<Waiter>>;
  /// Tries to get work for each of them. One round at a time.
  using Round = std::function<boost::asio::awaitable<void>(Waiters)>;

  Dispatcher(const boost::asio::any_io_executor& executor, Round round);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Returns when the waiter is served; unserved at its deadline, but not before it was tried, and when all ends.
  boost::asio::awaitable<void> wait(std::shared_ptr<Waiter> waiter);
  /// There may be work for those that wait.
  void work_came();
  /// Holds its rounds, until stop().
  boost::asio::awaitable<void> run();
  void stop();
  std::size_t waiting() const { return fresh_.size() + waiting_.size(); }

 private:
  struct Chosen {
    Waiters waiters;
    std::size_t longer = 0;  ///< so many, the first, were tried before
  };
  Chosen choose();
  void take(std::deque<std::shared_ptr<Waiter>>& from, std::size_t most, Waiters& chosen);
  void judge(const Chosen& chosen);
  void leave(const std::shared_ptr<Waiter>& waiter);

  Round round_;
  Event event_;
  std::deque<std::shared_ptr<Waiter>> fresh_;    ///< not tried yet
  std::deque<std::shared_ptr<Waiter>> waiting_;  ///< got nothing so far
  std::size_t try_ = 0;                          ///< so many of `waiting_` in the next round
  std::size_t fruitless_ = 0;                    ///< of those tried since work came
  std::uint64_t news_ = 0;                       ///< how often work came
  bool stopped_ = false;
};

}  // namespace landwaiter::platform
