// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace landwaiter {

/// Text from outside made safe to store in JSON and to print: valid UTF-8 stays, each invalid byte becomes `\xNN`, and each control
/// character too (so it cannot control a terminal). The backslash of a literal `\xNN` becomes `\x5c`, so each output has one meaning, and
/// two different inputs never become the same output.
std::string printable(std::string_view raw);

/// printable() in quotation marks, cut to `max_bytes` with "..." for error messages.
std::string quoted(std::string_view raw, std::size_t max_bytes = 120);

/// "1.5 MiB", "312 B": for people.
std::string human_bytes(std::uint64_t bytes);

bool iequals(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);
/// A blank, a tab or part of a line break.
constexpr bool is_space(int c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// "1 key", "2 keys": for people.
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace landwaiter
