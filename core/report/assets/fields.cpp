// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/fields.hpp"

namespace landwaiter::assets {

using nlohmann::json;

const json& member_or_null(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

void FieldReader::operator()(const char* name, std::optional<bool>& value) const {
  const json& found = member_or_null(object_, name);
  value = found.is_boolean() ? std::optional(found.get<bool>()) : std::nullopt;
}

void FieldReader::operator()(const char* name, json& value) const { value = member_or_null(object_, name); }

}  // namespace landwaiter::assets
