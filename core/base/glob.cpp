// SPDX-License-Identifier: Apache-2.0
#include "core/base/glob.hpp"

#include <vector>

namespace landwaiter {
namespace {

/// One step of a pattern.
struct Step {
  enum class Kind {
    character,
    one,
    segment,
    any,
    folders,  ///< takes nothing itself: the next two steps, "any" and a slash, are there or not
  } kind = Kind::character;
  char character = 0;
};

std::vector<Step> steps_of(std::string_view pattern) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '?') {
      steps.push_back({Step::Kind::one});
    } else if (pattern[i] != '*') {
      steps.push_back({Step::Kind::character, pattern[i]});
    } else if (i + 1 == pattern.size() || pattern[i + 1] != '*') {
      steps.push_back({Step::Kind::segment});
    } else {
      const bool begins_segment = i == 0 || pattern[i - 1] == '/';
      while (i + 1 < pattern.size() && pattern[i + 1] == '*') ++i;
      if (begins_segment && i + 1 < pattern.size() && pattern[i + 1] == '/') steps.push_back({Step::Kind::folders});
      steps.push_back({Step::Kind::any});
    }
  }
  return steps;
}

}  // namespace

bool matches_glob(std::string_view path, std::string_view pattern) {
  const std::vector<Step> steps = steps_of(pattern);
  // Whether the first steps can match what was read of the path so far.
  std::vector<bool> reached(steps.size() + 1, false);
  const auto skip_stars = [&] {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!reached[i] || steps[i].kind == Step::Kind::character || steps[i].kind == Step::Kind::one) continue;
      reached[i + 1] = true;
      if (steps[i].kind == Step::Kind::folders) reached[i + 3] = true;
    }
  };
  reached[0] = true;
  skip_stars();
  for (const char c : path) {
    std::vector<bool> next(steps.size() + 1, false);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!reached[i]) continue;
      switch (steps[i].kind) {
        case Step::Kind::character: next[i + 1] = next[i + 1] || steps[i].character == c; break;
        case Step::Kind::one: next[i + 1] = next[i + 1] || c != '/'; break;
        case Step::Kind::segment: next[i] = next[i] || c != '/'; break;
        case Step::Kind::any: next[i] = true; break;
        case Step::Kind::folders: break;
      }
    }
    reached = std::move(next);
    skip_stars();
  }
  return reached.back();
}

}  // namespace landwaiter
