// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace landwaiter {

/// Text from outside made safe to store in JSON and to print: valid UTF-8 stays, each invalid byte becomes
/// `\xNN`, and each control character too (so a terminal cannot be steered). The backslash of a literal `\xNN`
/// becomes `\x5c`, so each output has one reading and two different inputs never become one.
std::string printable(std::string_view raw);

/// printable() in quotation marks, cut to `max_bytes` with "..." for error messages.
std::string quoted(std::string_view raw, std::size_t max_bytes = 120);

/// "1.5 MiB", "312 B": for people.
std::string human_bytes(std::uint64_t bytes);

bool iequals(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace landwaiter
