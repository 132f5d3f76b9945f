// SPDX-License-Identifier: Apache-2.0
#include "storage/postgres/placeholders.hpp"

#include <algorithm>
#include <charconv>

namespace landwaiter::storage {

std::string numbered_placeholders(std::string_view sql) {
  std::string out;
  int largest = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    if (sql[at] == '\'') quoted = !quoted;
    if (sql[at] != '?' || quoted) {
      out += sql[at];
      continue;
    }
    int number = 0;
    const auto [end, error] = std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
    if (error == std::errc()) at = static_cast<std::size_t>(end - sql.data()) - 1;
    else number = largest + 1;
    largest = std::max(largest, number);
    out += "$" + std::to_string(number);
  }
  return out;
}

}  // namespace landwaiter::storage
