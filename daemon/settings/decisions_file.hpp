// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/decisions.hpp"
#include "core/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::daemon {

/// Findings that a user accepts (YAML; docs/accepting.md): a list of maps. Errors: configuration, naming `name` (the file), the line and
/// the field. Unknown fields are errors, and so is a decision without a reason, or one that would accept everything.
Result<std::vector<Decision>> parse_decisions(std::string_view text, const std::string& name);

Result<std::vector<Decision>> load_decisions(const std::string& file);

/// A report that `landwaiter scan --format json` wrote. Errors: configuration, naming the file.
Result<Baseline> load_baseline(const std::string& file);

}  // namespace landwaiter::daemon
