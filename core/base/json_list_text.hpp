// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace landwaiter {

/// The value in the bytes of dump_json_pretty(), as they stand within a document where lines begin with `indent`.
inline std::string json_text_within(const nlohmann::json& value, std::string_view indent) {
  std::string out;
  // Texts contain no line end as such, so each one here is between two values.
  for (const char c : dump_json_pretty(value)) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

/// A list that is a member of a document's outermost object, value by value, in the very bytes in which dump_json_pretty() writes the
/// whole document: so that a long one need not be in memory.
class JsonListText {
 public:
  /// Deeper by so many levels, each of two spaces.
  explicit JsonListText(std::size_t levels = 0) : indent_(2 * levels + 4, ' ') {}

  /// The next value, with what goes before it.
  std::string add(const nlohmann::json& value) {
    std::string out = (empty_ ? "[\n" : ",\n") + indent_;
    empty_ = false;
    return out += json_text_within(value, indent_);
  }
  /// What goes after the last value.
  std::string end() const { return empty_ ? "[]" : "\n" + indent_.substr(2) + "]"; }

 private:
  std::string indent_;
  bool empty_ = true;
};

}  // namespace landwaiter
