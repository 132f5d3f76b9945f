// SPDX-License-Identifier: Apache-2.0
#include "core/report/attributes.hpp"

namespace landwaiter {
namespace {

using nlohmann::json;

const json* member(const json& attributes, const char* name) {
  if (!attributes.is_object()) return nullptr;
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : &*found;
}

}  // namespace

std::string text_attribute(const json& attributes, const char* name) {
  const json* value = member(attributes, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

bool flag_attribute(const json& attributes, const char* name) {
  const json* value = member(attributes, name);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::optional<std::uint64_t> count_attribute(const json& attributes, const char* name) {
  const json* value = member(attributes, name);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (!value->is_number_unsigned() && value->get<std::int64_t>() < 0) return std::nullopt;
  return value->get<std::uint64_t>();
}

std::vector<std::string> texts_attribute(const json& attributes, const char* name) {
  std::vector<std::string> out;
  const json* value = member(attributes, name);
  if (value == nullptr || !value->is_array()) return out;
  for (const json& each : *value) {
    if (each.is_string()) out.push_back(each.get<std::string>());
  }
  return out;
}

std::optional<SystemTime> time_attribute(const json& attributes, const char* name) {
  return from_rfc3339(text_attribute(attributes, name));
}

}  // namespace landwaiter
