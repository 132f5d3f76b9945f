// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/steps.hpp"

#include <array>
#include <numeric>

namespace landwaiter::simulation {
namespace {

struct Kind {
  Action action;
  std::string_view name;
  std::uint32_t weight;
  bool fault;
};

constexpr std::array<Kind, kActions> kKinds{{
    {Action::work, "work", 60, false},
    {Action::call, "call", 12, false},
    {Action::travel, "travel", 30, false},
    {Action::time, "time", 8, false},
    {Action::maintain, "maintain", 5, false},
    {Action::user, "user", 5, false},
    {Action::start_sensor, "start sensor", 3, false},
    {Action::lose, "lose", 4, true},
    {Action::give_up, "give up", 3, true},
    {Action::repeat, "repeat", 4, true},
    {Action::kill_in_call, "kill in call", 4, true},
    {Action::kill_process, "kill process", 2, true},
    {Action::kill_sensor, "kill sensor", 3, true},
    {Action::pause_sensor, "pause sensor", 2, true},
    {Action::leap, "leap", 2, true},
    {Action::jump_clock, "jump clock", 2, true},
    {Action::fill_disk, "fill disk", 3, true},
    {Action::change_registry, "change registry", 3, true},
    {Action::upgrade_sensor, "upgrade sensor", 2, true},
    {Action::intrude, "intrude", 3, true},
}};

}  // namespace

std::uint64_t Random::next() {  // splitmix64
  std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15ULL);
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31U);
}

std::string_view name_of(Action action) { return kKinds.at(static_cast<std::size_t>(action)).name; }

Story story_of(std::uint64_t seed) {
  Random random(seed);
  std::array<std::uint32_t, kActions> weights{};
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    weights.at(i) = kKinds.at(i).weight;
    if (kKinds.at(i).fault && !random.chance(40)) weights.at(i) = 0;
  }
  const std::uint32_t sum = std::accumulate(weights.begin(), weights.end(), 0U);
  Story story{.seed = seed, .steps = {}};
  const std::uint32_t length = 40 + random.below(120);
  for (std::uint32_t i = 0; i < length; ++i) {
    std::uint32_t drawn = random.below(sum);
    std::size_t kind = 0;
    while (drawn >= weights.at(kind)) drawn -= weights.at(kind++);
    story.steps.push_back({kKinds.at(kind).action, static_cast<std::uint32_t>(random.next()), static_cast<std::uint32_t>(random.next())});
  }
  return story;
}

}  // namespace landwaiter::simulation
