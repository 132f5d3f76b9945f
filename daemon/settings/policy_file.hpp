// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/policy.hpp"
#include "core/base/result.hpp"

#include <string>
#include <string_view>

namespace landwaiter::daemon {

/// A user's policy (YAML; docs/policy.md). Errors: configuration, naming `name` (the file), the line and the field. Unknown fields are
/// errors, because a misspelled rule would match too much.
Result<Policy> parse_policy(std::string_view text, const std::string& name);

/// A built-in policy by its name, or a file: a name with a dot or a slash means a file.
Result<Policy> load_policy(const std::string& name_or_file);

}  // namespace landwaiter::daemon
