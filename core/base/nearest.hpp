// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace landwaiter {

/// How many letters are missing, too many, exchanged or swapped with their neighbor. Upper and lower case do not differ.
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The one of `known` that was probably meant: at most two edits away, and fewer than half of its letters. Empty if there is none.
std::string_view nearest(std::string_view text, std::span<const std::string_view> known);
/// `; did you mean "password"?`, or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> known);
std::string did_you_mean(std::string_view text, std::span<const std::string> known);

}  // namespace landwaiter
