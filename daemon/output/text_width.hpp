// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::daemon {

/// Columns that a terminal gives to a UTF-8 text: two for wide characters, none for combining ones (Unicode, UAX #11). A byte that is no
/// UTF-8 counts one.
std::size_t width_of(std::string_view text);

/// The beginning of the text that has at most that many columns.
std::string_view fitting(std::string_view text, std::size_t columns);

/// The text if it fits; otherwise its beginning, or its end, with "..." for the rest.
std::string shortened(std::string_view text, std::size_t columns);
std::string shortened_left(std::string_view text, std::size_t columns);

/// With blanks behind it, up to that many columns.
std::string padded(std::string_view text, std::size_t columns);

/// The text in lines of at most `width` columns, broken at spaces, and within words that are longer (paths). At least one line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace landwaiter::daemon
