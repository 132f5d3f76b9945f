// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace landwaiter {
namespace {

constexpr std::size_t kEditsMax = 2;
/// Longer texts are no typing mistakes of a name, and the table below grows with them.
constexpr std::size_t kNameBytesMax = 64;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::string from = to_lower(a);
  const std::string to = to_lower(b);
  // Rows of the table of optimal string alignment: the one being filled, and the two before it.
  std::array<std::vector<std::size_t>, 3> rows;
  for (auto& row : rows) row.resize(to.size() + 1);
  std::iota(rows[0].begin(), rows[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& second = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t exchanged = above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, exchanged});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) row[j] = std::min(row[j], second[j - 2] + 1);
    }
  }
  return rows[from.size() % 3][to.size()];
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t least = kEditsMax + 1;
  if (text.size() > kNameBytesMax) return best;
  for (const std::string_view name : known) {
    const std::size_t edits = edit_distance(text, name);
    if (edits >= least || 2 * edits >= name.size()) continue;
    least = edits;
    best = name;
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> known) {
  const std::string_view name = nearest(text, known);
  return name.empty() ? std::string() : "; did you mean " + landwaiter::quoted(name) + "?";
}

std::string did_you_mean(std::string_view text, std::span<const std::string> known) {
  return did_you_mean(text, std::vector<std::string_view>(known.begin(), known.end()));
}

}  // namespace landwaiter
