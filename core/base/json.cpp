// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

#include "core/base/secret.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace landwaiter {

using nlohmann::json;

Result<void> read_json_fields(std::string_view what, const std::function<void()>& read) {
  try {
    read();
  } catch (const json::exception& error) {
    return Error(ErrorCode::malformed, std::string(what) + ": " + printable(error.what()));
  }
  return {};
}

std::uint64_t read_count(const json& object, const char* field) {
  const json& value = object.at(field);
  const bool count = value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
  if (!count) throw json::other_error::create(501, std::string(field) + " is not a count", nullptr);
  return value.get<std::uint64_t>();
}

void read_count(const json& object, const char* field, std::uint64_t& out) { out = read_count(object, field); }

void wipe_texts(json& document) {
  if (document.is_string()) wipe(document.get_ref<std::string&>());
  if (document.is_structured()) std::ranges::for_each(document, wipe_texts);
}

std::string dump_json(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }
std::string dump_json_pretty(const json& value) { return value.dump(2, ' ', false, json::error_handler_t::replace); }

}  // namespace landwaiter
