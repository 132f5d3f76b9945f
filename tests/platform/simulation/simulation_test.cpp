// SPDX-License-Identifier: Apache-2.0
// Many small worlds, one after the other:
//   simulation_test [--seeds N | --seconds N] [--first N] [--seed N] [--engine sqlite|postgres] [--threads N]
//                   [--at-least N]
#include "tests/platform/simulation/simulation.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace landwaiter::simulation {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// More than these are the same bug again.
constexpr int kFailuresMax = 3;

struct Options {
  std::string engine = "sqlite";
  std::uint64_t first = 1;
  std::uint64_t seeds = 200;
  std::uint64_t at_least = 0;
  std::chrono::seconds time{0};  ///< 0: as many as `seeds`
  std::uint64_t threads = 1;
  bool told = false;  ///< its story, although it holds
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw std::runtime_error("not a number: " + std::string(text));
  return value;
}

Options options_of(const std::vector<std::string_view>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 >= words.size()) throw std::runtime_error("option without a value: " + std::string(words[i]));
    const std::string_view value = words[i + 1];
    if (words[i] == "--engine") {
      options.engine = value;
    } else if (words[i] == "--seeds") {
      options.seeds = number(value);
    } else if (words[i] == "--seconds") {
      options.time = std::chrono::seconds(number(value));
    } else if (words[i] == "--first") {
      options.first = number(value);
    } else if (words[i] == "--at-least") {
      options.at_least = number(value);
    } else if (words[i] == "--threads") {
      options.threads = std::max<std::uint64_t>(1, number(value));
    } else if (words[i] == "--seed") {
      options.first = number(value);
      options.seeds = 1;
      options.told = true;
    } else {
      throw std::runtime_error("unknown option " + std::string(words[i]));
    }
  }
  return options;
}

/// What all threads share.
class Board {
 public:
  explicit Board(const Options& options) : options_(options), next_(options.first) {}

  /// The next seed; nothing when it is time to end.
  std::optional<std::uint64_t> take() {
    const std::lock_guard lock(mutex_);
    const std::uint64_t begun = next_ - options_.first;
    const bool more = options_.time.count() > 0 ? SteadyClock::now() - begin_ < options_.time : begun < options_.seeds;
    if (!more || failures_ >= kFailuresMax) return std::nullopt;
    return next_++;
  }

  void add(const Account& account) {
    const std::lock_guard lock(mutex_);
    account_ += account;
  }

  void add_failure(const std::string& how) {
    const std::lock_guard lock(mutex_);
    ++failures_;
    std::cout << how << std::flush;
  }

  /// The program's exit status.
  int summarize() const {
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(SteadyClock::now() - begin_);
    const std::uint64_t seeds = next_ - options_.first;
    std::cout << seeds << " seeds in " << took.count() << " s: " << account_.calls << " calls, " << account_.scans << " scans, "
              << account_.images << " images scanned, " << account_.failed << " failed, " << account_.reads << " parts of layers read, "
              << account_.read_again << " of them again after a fault\n";
    if (failures_ > 0) return 1;
    if (seeds >= options_.at_least) return 0;
    std::cout << "FAILED: fewer than " << options_.at_least << " seeds\n";
    return 1;
  }

 private:
  const Options& options_;
  const SteadyClock::time_point begin_ = SteadyClock::now();
  std::mutex mutex_;
  std::uint64_t next_;
  int failures_ = 0;
  Account account_;
};

/// How a story fails, in the fewest steps that were found.
std::string explanation(SimulatedDatabase& database, const Story& story, const Violation& violation) {
  std::ostringstream out;
  out << "seed " << story.seed << " FAILED: " << violation.what() << "\n";
  const Story shorter = shortest(database, story, violation.rule);
  out << "of its " << story.steps.size() << " steps " << shorter.steps.size() << " are needed:\n";
  explain(database, shorter, out);
  return out.str();
}

void work(SimulatedDatabase& database, Board& board) {
  while (const auto seed = board.take()) {
    const Story story = story_of(*seed);
    Account account;
    const auto broken = run(database, story, account);
    board.add(account);
    if (broken) board.add_failure(explanation(database, story, *broken));
  }
}

int run_all(const Options& options) {
  std::vector<std::unique_ptr<SimulatedDatabase>> databases;
  for (std::uint64_t i = 0; i < options.threads; ++i) databases.push_back(std::make_unique<SimulatedDatabase>(options.engine));
  Board board(options);
  {
    std::vector<std::jthread> threads;
    for (const auto& database : databases) threads.emplace_back([&] { work(*database, board); });
  }
  if (options.told) explain(*databases.front(), story_of(options.first), std::cout);
  return board.summarize();
}

}  // namespace
}  // namespace landwaiter::simulation

int main(int argc, char** argv) {
  try {
    return landwaiter::simulation::run_all(landwaiter::simulation::options_of({argv + 1, argv + argc}));
  } catch (const std::exception& error) {
    std::cerr << "simulation_test: " << error.what() << "\n";
    return 2;
  }
}
