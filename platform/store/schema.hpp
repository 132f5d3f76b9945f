// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/sqlite/sqlite.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace landwaiter::platform {

using storage::Rows;
using storage::Transaction;

/// The platform's schema, as migration scripts. Types and statements stay portable to other engines: the program makes the ids, times are
/// microseconds since 1970, JSON is text.
std::span<const std::string_view> schema_migrations();

/// For storage::DatabaseOptions: versions 1 to 3 kept one state for all analyses.
inline constexpr std::int64_t kSchemaFirstVersion = 3;

}  // namespace landwaiter::platform
