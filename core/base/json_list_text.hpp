// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.hpp"

#include <string>

namespace landwaiter {

/// A list that is a member of a document's outermost object, value by value, in the very bytes in which dump_json_pretty() writes the
/// whole document: so that a long one need not be in memory.
class JsonListText {
 public:
  /// The next value, with what goes before it.
  std::string add(const nlohmann::json& value) {
    std::string out = empty_ ? "[\n    " : ",\n    ";
    empty_ = false;
    // Texts contain no line end as such, so each one here is between two values.
    for (const char c : dump_json_pretty(value)) {
      out += c;
      if (c == '\n') out += "    ";
    }
    return out;
  }
  /// What goes after the last value.
  std::string end() const { return empty_ ? "[]" : "\n  ]"; }

 private:
  bool empty_ = true;
};

}  // namespace landwaiter
