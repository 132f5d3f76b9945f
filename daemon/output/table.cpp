// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/table.hpp"

#include <algorithm>
#include <charconv>

namespace landwaiter::daemon {
namespace {

constexpr std::size_t kWidthDefault = 120;
constexpr std::size_t kWidthMin = 20;
constexpr std::size_t kWidthMax = 400;

}  // namespace

std::string Table::render() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::size_t terminal_width(std::optional<std::size_t> terminal, const char* columns) {
  std::size_t width = 0;
  const std::string_view text = columns != nullptr ? columns : "";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), width);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) width = 0;
  if (width == 0) width = terminal.value_or(0);
  return width == 0 ? kWidthDefault : std::clamp(width, kWidthMin, kWidthMax);
}

bool wants_color(bool terminal, const char* no_color) { return terminal && (no_color == nullptr || *no_color == '\0'); }

}  // namespace landwaiter::daemon
