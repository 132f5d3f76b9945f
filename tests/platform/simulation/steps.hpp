// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace landwaiter::simulation {

/// Small, and the same on every machine: a seed means the same world everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 to count-1.
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(next() % count); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

/// What may happen next. The first few are the life of a fleet, the others are faults.
enum class Action : std::uint8_t {
  work,             ///< a sensor does one thing, and its call is answered at once
  call,             ///< a sensor does one thing, and its call is left on its way
  travel,           ///< a call comes to its next await, or its answer to the caller
  time,             ///< some seconds pass
  maintain,         ///< a process looks for what ran out
  user,             ///< somebody makes, cancels or reads scans
  start_sensor,     ///< a dead one comes back
  lose,             ///< a call or an answer is lost; the caller sees a broken connection
  give_up,          ///< a caller stops waiting, and its call is still on its way
  repeat,           ///< a call arrives twice
  kill_in_call,     ///< a process dies while it serves a call, before or after the commit
  kill_process,     ///< with all calls that it serves
  kill_sensor,      ///< its memory is gone; its disk is not
  pause_sensor,     ///< it does nothing for longer than a lease
  leap,             ///< nobody does anything for a while
  jump_clock,       ///< of a process
  fill_disk,        ///< a commit fails
  change_registry,  ///< a tag moves, an image goes
  upgrade_sensor,   ///< it comes back with newer detectors
  intrude,          ///< a sensor that has no job says that it has
};
inline constexpr std::uint32_t kActions = 20;
std::string_view name_of(Action action);

/// Its numbers choose among what there is when it comes to it, so that a step still means something when others before it are left out.
struct Step {
  Action action = Action::work;
  std::uint32_t who = 0;
  std::uint32_t what = 0;
};

/// A world's beginning, and what happens in it until the faults end.
struct Story {
  std::uint64_t seed = 0;
  std::vector<Step> steps;
};

/// Each seed has its own length, and its own few kinds of faults at their own rates: all kinds at once would hide each other.
Story story_of(std::uint64_t seed);

}  // namespace landwaiter::simulation
