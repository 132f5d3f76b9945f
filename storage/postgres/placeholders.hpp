// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace landwaiter::storage {

/// A statement with SQLite's placeholders as PostgreSQL numbers them: `?5` is `$5`, `?` is the next after the largest so far. Those in
/// quotes stay.
std::string numbered_placeholders(std::string_view sql);

}  // namespace landwaiter::storage
