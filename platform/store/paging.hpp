// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace landwaiter::platform {

/// True when `out[list]` has `page_size` entries and there is one more: then `next_page_token` is set to the last entry's `key`.
bool page_is_full(nlohmann::json& out, const char* list, std::size_t page_size, const char* key = "id");

/// RFC 3339 of a column in microseconds, null for NULL.
nlohmann::json time_json(const Rows& rows, int column);

/// A search that no index serves reads at most so many rows for one page, which then has fewer entries than were asked for, or none, and
/// still a token for the next.
inline constexpr std::size_t kExaminedMax = 10'000;

/// The beginning of the text, whole characters of it.
std::string shortened(std::string text, std::size_t bytes_max);

/// Whether `text` has the letters of `part` in it, in any case of ASCII letters; an empty part is anywhere.
bool contains_text(std::string_view text, std::string_view part);

}  // namespace landwaiter::platform
