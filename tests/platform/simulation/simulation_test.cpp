// SPDX-License-Identifier: Apache-2.0
// Many small worlds, one after the other:
//   simulation_test [--seeds N | --seconds N] [--first N] [--seed N] [--engine sqlite|postgres] [--at-least N]
#include "tests/platform/simulation/simulation.hpp"

#include <charconv>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
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
  bool single = false;
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
    } else if (words[i] == "--seed") {
      options.first = number(value);
      options.seeds = 1;
      options.single = true;
    } else {
      throw std::runtime_error("unknown option " + std::string(words[i]));
    }
  }
  return options;
}

void summarize(const Account& account, std::uint64_t seeds, std::chrono::milliseconds took) {
  std::cout << seeds << " seeds in " << took.count() / 1000 << " s: " << account.calls << " calls, " << account.scans << " scans, "
            << account.images << " images scanned, " << account.quarantined << " failed, " << account.reads << " parts of layers read, "
            << account.read_again << " of them again after a fault\n";
}

/// Shows how a story fails, in the fewest steps that were found.
void show(SimulatedDatabase& database, const Story& story, const Violation& violation) {
  std::cout << "seed " << story.seed << " FAILED: " << violation.what() << "\n";
  const Story shorter = shortest(database, story, violation.rule);
  std::cout << "of its " << story.steps.size() << " steps " << shorter.steps.size() << " are needed:\n";
  explain(database, shorter, std::cout);
}

int run_all(const Options& options) {
  SimulatedDatabase database(options.engine);
  const auto begin = SteadyClock::now();
  Account account;
  std::uint64_t seeds = 0;
  int failures = 0;
  const auto goes_on = [&] { return options.time.count() > 0 ? SteadyClock::now() - begin < options.time : seeds < options.seeds; };
  for (std::uint64_t seed = options.first; goes_on() && failures < kFailuresMax; ++seed, ++seeds) {
    const Story story = story_of(seed);
    const auto broken = run(database, story, account);
    if (!broken) continue;
    ++failures;
    show(database, story, *broken);
  }
  if (options.single && failures == 0) explain(database, story_of(options.first), std::cout);
  summarize(account, seeds, std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin));
  if (failures == 0 && seeds < options.at_least) {
    std::cout << "FAILED: fewer than " << options.at_least << " seeds\n";
    return 1;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace landwaiter::simulation

int main(int argc, char** argv) {
  std::cout << std::unitbuf;
  try {
    return landwaiter::simulation::run_all(landwaiter::simulation::options_of({argv + 1, argv + argc}));
  } catch (const std::exception& error) {
    std::cerr << "simulation_test: " << error.what() << "\n";
    return 2;
  }
}
