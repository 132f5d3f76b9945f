// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/worker_turns.hpp"

#include <algorithm>

namespace landwaiter::daemon {

WorkerTurns::WorkerTurns(asio::any_io_executor executor, std::size_t workers) : executor_(std::move(executor)) {
  for (std::size_t i = workers; i > 0; --i) free_.push_back(i - 1);
}

Awaitable<std::size_t> WorkerTurns::take(std::string origin) {
  const auto waiter = std::make_shared<Waiter>(executor_, origin);
  waiting_.push_back(waiter);
  hand_out();
  if (!waiter->worker) co_await waiter->wake.wait();
  if (!waiter->worker) {
    waiting_.remove(waiter);
    co_return Error(ErrorCode::cancelled, "the scan was cancelled");
  }
  co_return *waiter->worker;
}

void WorkerTurns::give_back(std::size_t worker, const std::string& origin) {
  const auto found = busy_.find(origin);
  if (found != busy_.end() && --found->second == 0) busy_.erase(found);
  free_.push_back(worker);
  hand_out();
}

std::size_t WorkerTurns::busy_of(const std::string& origin) const {
  const auto found = busy_.find(origin);
  return found == busy_.end() ? 0 : found->second;
}

void WorkerTurns::hand_out() {
  while (!free_.empty() && !waiting_.empty()) {
    const auto next = std::ranges::min_element(waiting_, {}, [this](const auto& waiter) { return busy_of(waiter->origin); });
    const std::shared_ptr<Waiter> waiter = *next;
    waiting_.erase(next);
    waiter->worker = free_.back();
    free_.pop_back();
    ++busy_[waiter->origin];
    waiter->wake.notify();
  }
}

}  // namespace landwaiter::daemon
