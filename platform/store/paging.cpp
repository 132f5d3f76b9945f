// SPDX-License-Identifier: Apache-2.0
#include "platform/store/paging.hpp"

#include "core/base/clock.hpp"

#include <algorithm>

namespace landwaiter::platform {

bool page_is_full(nlohmann::json& out, const char* list, std::size_t page_size, const char* key) {
  const nlohmann::json& entries = out[list];
  if (entries.size() < page_size || entries.empty()) return false;
  const nlohmann::json& last = entries.back()[key];
  out["next_page_token"] = last.is_string() ? last.get<std::string>() : last.dump();
  return true;
}

nlohmann::json time_json(const Rows& rows, int column) {
  if (rows.is_null(column)) return nullptr;
  return to_rfc3339(from_unix_us(rows.integer(column)));
}

std::string shortened(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

bool contains_text(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto same = [&](char a, char b) { return lower(a) == lower(b); };
  return part.empty() || std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

}  // namespace landwaiter::platform
