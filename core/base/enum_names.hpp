// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace landwaiter {

/// The names of a closed set's values as they stand in JSON and in databases: one table serves writing and reading.
template <class Value, std::size_t size>
using EnumNames = std::array<std::pair<Value, std::string_view>, size>;

/// "unknown" for a value that is not in the table.
template <class Value, std::size_t size>
constexpr std::string_view name_of(const EnumNames<Value, size>& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class Value, std::size_t size>
constexpr std::optional<Value> value_of(const EnumNames<Value, size>& names, std::string_view name) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace landwaiter
