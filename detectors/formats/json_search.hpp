// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// A JSON object inside other text.
struct EnclosedObject {
  std::size_t begin = 0;  ///< index of its '{'
  std::size_t end = 0;    ///< one past its '}'
  nlohmann::json object;
};

/// The innermost object with a member whose name starts with the quotation mark at index `at`, or, at a '{', the object directly around
/// that one. Searches the 4 KiB before `at` and objects of up to 64 KiB. `backslashes` is the number in front of each of its quotation
/// marks: 0 in plain JSON, 1 inside a JSON string, 3 inside a string inside a string. The object may contain secrets: see wipe_texts()
/// (core/base/json.hpp).
std::optional<EnclosedObject> enclosing_object(std::string_view text, std::size_t at, std::size_t backslashes);

}  // namespace landwaiter::detectors
