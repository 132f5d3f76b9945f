// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace landwaiter {

/// Runs `read`, which may use nlohmann's throwing accessors, and turns a missing or mistyped field into `malformed`.
Result<void> read_json_fields(std::string_view what, const std::function<void()>& read);

/// A whole number from 0 to 2^64-1. Unlike nlohmann's own conversion it rejects negative numbers and fractions instead of converting them
/// to another number. To be used within read_json_fields: throws json::other_error.
std::uint64_t read_count(const nlohmann::json& object, const char* field);
void read_count(const nlohmann::json& object, const char* field, std::uint64_t& out);

/// Overwrites all strings of a document that held credentials: nlohmann frees them without wiping.
void wipe_texts(nlohmann::json& document);

/// Compact; invalid UTF-8 cannot make it fail (bytes are replaced).
std::string dump_json(const nlohmann::json& value);
/// Indented by two, for people.
std::string dump_json_pretty(const nlohmann::json& value);

/// The document as a T that has a nlohmann `from_json`. A missing or mistyped field is `malformed`.
template <class T>
Result<T> convert_json(const nlohmann::json& document, std::string_view what) {
  T value{};
  auto read = read_json_fields(what, [&] { from_json(document, value); });
  if (!read) return read.error();
  return value;
}

}  // namespace landwaiter
