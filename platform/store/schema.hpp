// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/sqlite/sqlite.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace landwaiter::platform {

using storage::Rows;
using storage::Transaction;

/// The platform's schema, as the scripts that lead to it. Types and statements are kept to what other engines know too: ids are
/// made by the program, times are microseconds since 1970, JSON is text.
std::span<const std::string_view> schema_migrations();

/// For storage::DatabaseOptions: versions 1 to 3 kept one state for all analyses.
inline constexpr std::int64_t schema_first_version = 3;

}  // namespace landwaiter::platform
