// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/policy.hpp"
#include "core/base/result.hpp"

#include <string>
#include <string_view>

namespace landwaiter::daemon {

/// A policy of one's own (YAML; docs/policy.md). Errors: configuration, naming `name` (the file), the line and the field. Unknown
/// fields are errors, since a rule that is misspelt would match too much.
Result<Policy> parse_policy(std::string_view text, const std::string& name);

/// A built-in policy by its name, else a file: what has a dot or a slash is meant as one.
Result<Policy> load_policy(const std::string& name_or_file);

}  // namespace landwaiter::daemon
