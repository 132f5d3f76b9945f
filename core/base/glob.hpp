// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace landwaiter {

/// Whether a pattern for paths matches the whole of `path`: `*` is any text without a slash, `**` any text, `?` one character but a slash;
/// a double star between slashes is also no folder at all ("a/" "**" "/b" matches "a/b"). All else stands for itself. In time of at
/// most the product of the lengths, whatever they are.
bool matches_glob(std::string_view path, std::string_view pattern);

}  // namespace landwaiter
