// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/text_width.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace landwaiter::daemon {
namespace {

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

Character first_of(std::string_view text) {
  utf8proc_int32_t code = -1;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size <= 0 || code < 0) return {};
  return {static_cast<std::size_t>(size), static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code)))};
}

constexpr std::string_view kCut = "...";

}  // namespace

std::size_t width_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string_view fitting(std::string_view text, std::size_t columns) {
  std::size_t end = 0, used = 0;
  while (end < text.size()) {
    const Character next = first_of(text.substr(end));
    if (used + next.columns > columns) break;
    used += next.columns;
    end += next.bytes;
  }
  return text.substr(0, end);
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  if (columns <= kCut.size()) return std::string(fitting(text, columns));
  return std::string(fitting(text, columns - kCut.size())) + std::string(kCut);
}

std::string shortened_left(std::string_view text, std::size_t columns) {
  std::size_t width = width_of(text);
  if (width <= columns) return std::string(text);
  if (columns <= kCut.size()) return std::string(fitting(text, columns));
  while (width > columns - kCut.size()) {
    const Character next = first_of(text);
    width -= next.columns;
    text.remove_prefix(next.bytes);
  }
  // What combines with a character that is gone goes, too.
  while (!text.empty() && first_of(text).columns == 0) text.remove_prefix(first_of(text).bytes);
  return std::string(kCut) + std::string(text);
}

std::string padded(std::string_view text, std::size_t columns) {
  std::string out(text);
  out.append(columns - std::min(columns, width_of(text)), ' ');
  return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines;
  while (width_of(text) > width) {
    // A wide character alone may have more columns than there are.
    const std::size_t end = std::max(fitting(text, width).size(), first_of(text).bytes);
    const std::size_t space = text.rfind(' ', end);
    const bool broken_at_space = space != std::string_view::npos && space > 0;
    lines.emplace_back(text.substr(0, broken_at_space ? space : end));
    text.remove_prefix(broken_at_space ? space + 1 : end);
  }
  if (!text.empty() || lines.empty()) lines.emplace_back(text);
  return lines;
}

}  // namespace landwaiter::daemon
