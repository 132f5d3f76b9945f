// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <vector>

namespace landwaiter {
namespace {

constexpr std::size_t kDistanceMax = 2;
/// No name of ours is as long, and what was given may be any length.
constexpr std::size_t kLengthMax = 64;

/// Insertions, removals, replacements and swaps of neighbors that make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view given, std::span<const std::string> names) {
  if (given.size() > kLengthMax) return {};
  const std::string wanted = to_lower(given);
  std::string best;
  std::size_t least = kDistanceMax + 1;
  for (const std::string& name : names) {
    if (name.size() > kLengthMax) continue;
    const std::size_t away = distance(wanted, to_lower(name));
    if (away >= least || 2 * away >= std::min(wanted.size(), name.size())) continue;
    least = away;
    best = name;
  }
  return best;
}

std::string did_you_mean(std::string_view given, std::span<const std::string> names) {
  const std::string name = nearest(given, names);
  return name.empty() ? name : "; did you mean " + landwaiter::quoted(name) + "?";
}

}  // namespace landwaiter
