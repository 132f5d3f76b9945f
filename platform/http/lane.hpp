// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "platform/http/work_queue.hpp"
#include "storage/database/database.hpp"

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::platform {

struct LaneOptions {
  using Seconds = std::chrono::duration<double>;
  std::string name;  ///< for metrics and the log
  std::size_t threads = 1;
  /// So many may wait; who comes then is refused at once.
  std::size_t waiting_max = 1000;
  /// Who waited for longer is refused: the caller has given up, or soon will.
  std::chrono::milliseconds wait_max{10'000};
  /// So many writes share one commit, of one thread. 1: each has its own.
  std::size_t commit_together = 1;
  /// How long each piece of work waited and took; called on the threads. May be empty.
  std::function<void(Seconds waited, Seconds took)> observe = nullptr;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// Transactions on threads of their own, each thread with its own connection, so that the io thread never waits for the disk.
class Lane {
 public:
  /// Called on the threads, when a connection is first needed, and again after it failed; or by connect().
  using Connect = std::function<Result<std::unique_ptr<storage::Database>>()>;
  /// What to do in a transaction. An error rolls back what it did. It may be done more than once, if the database asks for that; what
  /// counts is the last time. So it does nothing that cannot be done again but through the transaction.
  using Body = std::function<Result<void>(storage::Transaction&)>;

  using Seconds = LaneOptions::Seconds;

  Lane(LaneOptions options, Connect connect);
  /// Finishes what runs, drops what waits (with the coroutines that wait for it).
  ~Lane();

  /// Makes all connections now, before the first run(): where that may have to wait for others later.
  Result<void> connect();

  /// Runs `body` in a transaction; resumes the caller, on its own executor, when that is committed. Errors: the body's; timeout if a
  /// statement took too long; conflict if somebody else made the same thing at the same time, again and again; unavailable if too many
  /// wait, or the database cannot be reached; internal for an exception. The message of the database itself is in the log only.
  boost::asio::awaitable<Result<void>> run(storage::Access access, Body body);

  struct Figures {
    std::size_t waiting = 0;
    std::uint64_t done = 0;
    std::uint64_t refused = 0;
    std::uint64_t repeated = 0;  ///< transactions begun again because of others
    std::uint64_t commits = 0;
  };
  const std::string& name() const { return options_.name; }
  Figures figures() const;

 private:
  struct Turn {
    storage::Access access;
    Body body;
    std::chrono::steady_clock::time_point came;
    std::chrono::steady_clock::time_point began = came;
    Result<void> result = Error(ErrorCode::internal, "the database was not asked");
  };
  struct Item {
    std::shared_ptr<Turn> turn;
    Resume resume;
  };

  void serve(std::vector<Item> items, std::size_t thread);
  void serve_together(storage::Database& database, std::vector<Item> items);
  void serve_alone(storage::Database& database, Item& item);
  Result<void> try_alone(storage::Database& database, Turn& turn);
  void finish(Item& item);

  const LaneOptions options_;
  const Connect connect_;
  std::vector<std::unique_ptr<storage::Database>> connections_;  ///< of the threads
  std::atomic<std::uint64_t> done_ = 0, refused_ = 0, repeated_ = 0, commits_ = 0;
  WorkQueue<Item> queue_;  ///< last: its threads use the others
};

/// Threads for work without a database.
class Workers {
 public:
  using Work = std::function<void()>;
  Workers(std::size_t threads, std::size_t waiting_max);

  /// False: too many wait, and it was not done. An exception is logged; `work` stores its result for the caller, and a missing one is a
  /// failure.
  boost::asio::awaitable<bool> run(Work work);
  /// The same without waiting for it; what cannot wait is done here.
  void post(Work work);
  std::size_t waiting() const { return queue_.waiting(); }

 private:
  struct Item {
    Work work;
    Resume resume;
  };
  WorkQueue<Item> queue_;
};

}  // namespace landwaiter::platform
