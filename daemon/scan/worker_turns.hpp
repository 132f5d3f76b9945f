// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// Hands out a fixed number of workers. A free one goes to the waiting origin that has the fewest, and among equals to the one that waits
/// longest: while others wait, no registry gets all workers, however slow it is and however many layers it has. Used from the io thread.
class WorkerTurns {
 public:
  WorkerTurns(asio::any_io_executor executor, std::size_t workers);

  /// A worker's number; give_back() it. Error: cancelled.
  Awaitable<std::size_t> take(std::string origin);
  void give_back(std::size_t worker, const std::string& origin);

 private:
  struct Waiter {
    Waiter(const asio::any_io_executor& executor, std::string name) : wake(executor), origin(std::move(name)) {}
    Event wake;
    std::string origin;
    std::optional<std::size_t> worker;
  };

  std::size_t busy_of(const std::string& origin) const;
  void hand_out();

  asio::any_io_executor executor_;
  std::vector<std::size_t> free_;
  std::map<std::string, std::size_t> busy_;  ///< workers of each origin that has any
  std::list<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace landwaiter::daemon
