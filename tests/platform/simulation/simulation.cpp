// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/simulation.hpp"

#include <algorithm>
#include <ostream>

namespace landwaiter::simulation {
namespace {

/// A second or two.
constexpr int kRunsMax = 400;

}  // namespace

std::optional<Violation> run(SimulatedDatabase& database, const Story& story, Account& account, const World::Tell& tell) {
  try {
    World world(database, story.seed, tell);
    for (const Step& step : story.steps) world.step(step);
    world.settle();
    account += world.account();
    return std::nullopt;
  } catch (const Violation& violation) {
    return violation;
  } catch (const std::exception& error) {
    return Violation("nothing throws", error.what());
  }
}

// Leaves out runs of steps, first long ones: delta debugging.
Story shortest(SimulatedDatabase& database, const Story& story, const std::string& rule) {
  Story kept = story;
  int runs = 0;
  Account ignored;
  for (std::size_t length = std::max<std::size_t>(1, kept.steps.size() / 2); length > 0; length /= 2) {
    for (std::size_t end = kept.steps.size(); end > 0 && runs < kRunsMax; ++runs) {
      const std::size_t begin = end > length ? end - length : 0;
      Story shorter = kept;
      shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(begin),
                          shorter.steps.begin() + static_cast<std::ptrdiff_t>(end));
      const auto broken = run(database, shorter, ignored);
      if (broken && broken->rule == rule) kept = std::move(shorter);
      end = begin;
    }
  }
  return kept;
}

void explain(SimulatedDatabase& database, const Story& story, std::ostream& out) {
  Account ignored;
  int number = 0;
  const auto broken = run(database, story, ignored, [&](const std::string& line) { out << "  " << ++number << ". " << line << "\n"; });
  out << "seed " << story.seed << ": " << (broken ? broken->what() : "holds") << "\n";
}

}  // namespace landwaiter::simulation
