// SPDX-License-Identifier: Apache-2.0
#include "platform/dispatcher.hpp"

#include "tests/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace landwaiter::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using platform::Dispatcher;

struct RoundCaller final : Dispatcher::Waiter {
  bool gone() const override { return hung_up; }
  int number = 0;
  int tries = 0;
  bool takes_any = true;
  bool hung_up = false;
  bool back = false;  ///< its wait is over
};

/// Callers who wait, and a heap of jobs that they take from.
class Office {
 public:
  Office() : dispatcher(io.get_executor(), [this](Dispatcher::Waiters waiters) { return round(std::move(waiters)); }) {
    asio::co_spawn(io, dispatcher.run(), asio::detached);
    settle();
  }
  ~Office() {
    dispatcher.stop();
    settle();
  }

  std::shared_ptr<RoundCaller> call(std::chrono::seconds patience = 1h) {
    auto caller = std::make_shared<RoundCaller>();
    caller->number = static_cast<int>(callers.size());
    callers.push_back(caller);
    this->patience = patience;
    asio::co_spawn(io, wait(caller), asio::detached);
    return caller;
  }
  void settle() {
    io.restart();
    io.poll();
  }
  void jobs_came(int count) {
    jobs += count;
    dispatcher.work_came();
    settle();
  }
  std::int64_t served() const {
    return std::ranges::count_if(callers, [](const auto& caller) { return caller->served; });
  }

  asio::io_context io;
  Dispatcher dispatcher;
  std::vector<std::shared_ptr<RoundCaller>> callers;
  std::vector<std::size_t> rounds;
  int jobs = 0;
  int tries = 0;
  bool broken = false;
  std::chrono::seconds patience{1};

 private:
  asio::awaitable<void> wait(std::shared_ptr<RoundCaller> caller) {
    co_await dispatcher.wait(caller);
    caller->back = true;
  }
  asio::awaitable<void> round(Dispatcher::Waiters waiters) {
    rounds.push_back(waiters.size());
    if (std::exchange(broken, false)) throw std::runtime_error("a bug");
    for (const auto& waiter : waiters) {
      auto& caller = static_cast<RoundCaller&>(*waiter);
      ++tries;
      ++caller.tries;
      caller.served = caller.takes_any && jobs > 0;
      if (caller.served) --jobs;
      caller.deadline = std::chrono::steady_clock::now() + patience;
    }
    co_return;
  }
};

}  // namespace

TEST_CASE("dispatcher: one job for five hundred that wait costs a few tries, and the first gets it") {
  Office office;
  for (int i = 0; i < 500; ++i) office.call();
  office.settle();
  CHECK(office.tries == 500);  // each when it came
  CHECK(std::ranges::max(office.rounds) <= 64);
  office.tries = 0;
  office.jobs_came(1);
  CHECK(office.served() == 1);
  CHECK(office.callers[0]->back);
  CHECK(office.tries <= 4);
  CHECK(office.dispatcher.waiting() == 499);
}

TEST_CASE("dispatcher: many jobs reach as many of those that wait, in few rounds") {
  Office office;
  for (int i = 0; i < 500; ++i) office.call();
  office.settle();
  office.rounds.clear();
  office.jobs_came(300);
  CHECK(office.served() == 300);
  CHECK(office.rounds.size() < 15);
  CHECK(std::ranges::all_of(office.callers, [](const auto& caller) { return caller->served == (caller->number < 300); }));
}

TEST_CASE("dispatcher: those who take no work hold up the others only until the next time") {
  Office office;
  for (int i = 0; i < 10; ++i) office.call()->takes_any = i >= 5;
  office.settle();
  office.jobs_came(1);
  office.dispatcher.work_came();
  office.settle();
  CHECK(office.served() == 1);
}

TEST_CASE("dispatcher: nobody is tried who has hung up, and work that came during a round is not missed") {
  Office office;
  const auto gone = office.call();
  office.settle();
  gone->hung_up = true;
  const auto there = office.call();
  office.settle();
  office.jobs_came(1);
  CHECK_FALSE(gone->served);
  CHECK(gone->back);
  CHECK(gone->tries == 1);
  CHECK(there->served);
}

TEST_CASE("dispatcher: a round that fails ends the waits of its callers, and not the rounds") {
  Office office;
  office.broken = true;
  const auto unlucky = office.call();
  office.settle();
  CHECK(unlucky->back);
  CHECK_FALSE(unlucky->served);
  const auto next = office.call();
  office.settle();
  office.jobs_came(1);
  CHECK(next->served);
}

TEST_CASE("dispatcher: a wait ends unserved at its deadline, but not before it was tried, and when all ends") {
  Office office;
  const auto hurried = office.call(0s);
  office.settle();
  CHECK(hurried->back);
  CHECK(hurried->tries == 1);
  CHECK_FALSE(hurried->served);
  const auto patient = office.call(1h);
  office.settle();
  CHECK_FALSE(patient->back);
  office.dispatcher.stop();
  office.settle();
  CHECK(patient->back);
  const auto late = office.call();
  office.settle();
  CHECK(late->back);
  CHECK(late->tries == 0);
}

}  // namespace landwaiter::test
