// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database/database.hpp"

#include <span>
#include <string_view>

namespace landwaiter::platform {

using storage::Rows;
using storage::Transaction;
using storage::Value;

/// The platform's schema, as steps for storage::migrate(), the same for each engine: times are microseconds
/// since 1970, JSON is text.
std::span<const std::string_view> schema_steps();

}  // namespace landwaiter::platform
