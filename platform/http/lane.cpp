// SPDX-License-Identifier: Apache-2.0
#include "platform/http/lane.hpp"

#include "core/base/log.hpp"

#include <optional>
#include <thread>
#include <utility>

namespace landwaiter::platform {
namespace {

using storage::Access;
using storage::Database;
using storage::Failure;
using storage::Transaction;
using SteadyClock = std::chrono::steady_clock;

/// A commit waits for the disk for some milliseconds, so the first of a group waits for no more than that for the others.
constexpr std::chrono::milliseconds kGroupTimeMax{5};
/// Transactions that fail because of others are begun so many times: with the pauses between, the others have ended by then.
constexpr int kTriesMax = 3;
constexpr std::chrono::milliseconds kTryPause{10};

Result<void> run_body(const Lane::Body& body, Transaction& transaction) {
  try {
    return body(transaction);
  } catch (const std::exception& error) {
    log_event(LogLevel::error, "a request failed because of a bug", {{"error", error.what()}});
    return Error(ErrorCode::internal, "a bug");
  }
}

/// The body's error, unless the database failed: then the body saw no rows, so what it says means nothing.
std::optional<Error> refusal(const Lane::Body& body, Transaction& transaction) {
  if (transaction.failed()) return std::nullopt;
  auto done = run_body(body, transaction);
  if (done || transaction.failed()) return std::nullopt;
  return done.error();
}

/// For the caller, who need not know where the database is.
Error told(const std::string& lane, Failure failure, const Error& error) {
  if (error.code() == ErrorCode::invalid_argument) return error;            // a value that cannot be stored
  if (failure == Failure::none || failure == Failure::other) return error;  // the caller's own, or one that is logged with its request
  log_event(LogLevel::error, "the database failed", {{"lane", lane}, {"error", error.message()}});
  switch (failure) {
    case Failure::deadline: return {ErrorCode::timeout, "the database took too long for this; ask for less, or later"};
    case Failure::uniqueness: return {ErrorCode::conflict, "another request is making the same thing; look, and ask again"};
    case Failure::contention: return {ErrorCode::unavailable, "too many requests change the same thing; ask again"};
    default: return {ErrorCode::unavailable, "the platform's database is not available"};
  }
}

}  // namespace

Lane::Lane(LaneOptions options, Connect connect)
    : options_(std::move(options)),
      connect_(std::move(connect)),
      connections_(options_.threads),
      queue_({options_.commit_together > 1 ? 1 : options_.threads, options_.waiting_max, options_.commit_together},
             [this](std::vector<Item> items, std::size_t thread) { serve(std::move(items), thread); }) {}

Lane::~Lane() = default;

Result<void> Lane::connect() {
  for (auto& connection : connections_) {
    auto made = connect_();
    if (!made) return made.error();
    connection = *std::move(made);
  }
  return {};
}

Lane::Figures Lane::figures() const { return {queue_.waiting(), done_, refused_, repeated_, commits_}; }

boost::asio::awaitable<Result<void>> Lane::run(Access access, Body body) {
  const auto turn = std::make_shared<Turn>(Turn{access, std::move(body), options_.now()});
  auto queue_up = [this, turn](Resume resume) {
    // The turn must not hold what holds the coroutine, which holds the turn.
    Item item{turn, std::move(resume)};
    if (queue_.push(item)) return;
    ++refused_;
    turn->result = Error(ErrorCode::unavailable, "too many requests at once; ask again later");
    item.resume();
  };
  co_await until_resumed(std::move(queue_up));
  co_return std::move(turn->result);
}

void Lane::finish(Item& item) {
  ++done_;
  const Turn& turn = *item.turn;
  if (options_.observe) options_.observe(turn.began - turn.came, options_.now() - turn.began);
  item.turn->body = nullptr;  // what it holds is not for the io thread to destroy
  item.resume();
}

void Lane::serve(std::vector<Item> items, std::size_t thread) {
  std::vector<Item> timely;
  const auto now = options_.now();
  for (Item& item : items) {
    item.turn->began = now;
    if (now - item.turn->came <= options_.wait_max) {
      timely.push_back(std::move(item));
      continue;
    }
    ++refused_;
    item.turn->result = Error(ErrorCode::unavailable, "the platform is too busy for this; ask again later");
    finish(item);
  }
  auto& connection = connections_[thread];
  if (!connection) {
    auto made = connect_();
    if (made) {
      connection = *std::move(made);
    } else {
      const Error error = told(options_.name, Failure::connection, made.error());
      for (Item& item : timely) item.turn->result = error;
      for (Item& item : timely) finish(item);
      return;
    }
  }
  if (timely.size() > 1) {
    serve_together(*connection, std::move(timely));
  } else if (!timely.empty()) {
    serve_alone(*connection, timely.front());
  }
}

void Lane::serve_together(Database& database, std::vector<Item> items) {
  auto next = items.begin();
  while (next != items.end()) {
    const auto first = next;
    const auto until = SteadyClock::now() + kGroupTimeMax;
    Transaction whole(database, Access::write);
    do {
      Transaction part(whole);
      if (auto refused = refusal(next->turn->body, part)) {
        next->turn->result = *std::move(refused);
      } else {
        auto ended = part.commit();
        next->turn->result = ended ? ended : told(options_.name, part.failure(), ended.error());
      }
      ++next;
    } while (next != items.end() && SteadyClock::now() < until && !whole.failed());
    ++commits_;
    if (whole.commit()) {
      for (auto item = first; item != next; ++item) finish(*item);
      continue;
    }
    // One of them broke the transaction of all, or the disk is full: each alone gets what it deserves.
    for (auto item = first; item != next; ++item) serve_alone(database, *item);
  }
}

void Lane::serve_alone(Database& database, Item& item) {
  item.turn->result = try_alone(database, *item.turn);
  finish(item);
}

Result<void> Lane::try_alone(Database& database, Turn& turn) {
  for (int tries = 1;; ++tries) {
    Transaction transaction(database, turn.access);
    if (auto refused = refusal(turn.body, transaction)) return *refused;
    const bool before_commit = transaction.failed();
    ++commits_;
    auto committed = transaction.commit();
    if (committed) return committed;
    const Failure failure = transaction.failure();
    // What others did is seen the next time: a name that is taken by now is found.
    const bool because_of_others = failure == Failure::contention || failure == Failure::uniqueness;
    // Whether a commit took effect that was not answered is unknown; before that, nothing has.
    const bool unheard = failure == Failure::connection && before_commit;
    if (tries == kTriesMax || !(because_of_others || unheard)) return told(options_.name, failure, committed.error());
    ++repeated_;
    std::this_thread::sleep_for(kTryPause * tries);
  }
}

Workers::Workers(std::size_t threads, std::size_t waiting_max)
    : queue_({threads, waiting_max, 1}, [](std::vector<Item> items, std::size_t) {
        for (Item& item : items) {
          try {
            item.work();
          } catch (const std::exception& error) {
            log_event(LogLevel::error, "a request failed because of a bug", {{"error", error.what()}});
          }
          item.work = nullptr;
          if (item.resume) item.resume();
        }
      }) {}

void Workers::post(Work work) {
  Item item{std::move(work), nullptr};
  if (!queue_.push(item)) item.work();
}

boost::asio::awaitable<bool> Workers::run(Work work) {
  const auto taken = std::make_shared<bool>(true);
  auto queue_up = [this, taken, work = std::move(work)](Resume resume) mutable {
    Item item{std::move(work), std::move(resume)};
    if (queue_.push(item)) return;
    *taken = false;
    item.resume();
  };
  co_await until_resumed(std::move(queue_up));
  co_return *taken;
}

}  // namespace landwaiter::platform
