// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/schema.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace landwaiter::platform {

/// True when `out[list]` has `page_size` entries and there is one more: then `next_page_token` is set to the last entry's `key`.
bool page_is_full(nlohmann::json& out, const char* list, std::size_t page_size, const char* key = "id");

/// RFC 3339 of a column in microseconds, null for NULL.
nlohmann::json time_json(const Rows& rows, int column);

/// A pattern for `LIKE ? ESCAPE '\'` that finds `text` anywhere and treats no part of it as a wildcard.
std::string like_anywhere(std::string_view text);

}  // namespace landwaiter::platform
