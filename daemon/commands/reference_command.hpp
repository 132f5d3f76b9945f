// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// A list of what this program knows, made from what it works with.
struct Reference {
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::json>> rows;  ///< texts and numbers
  std::size_t sentences = 0;                      ///< how many of the last columns are sentences, which a table has below a row
};

/// The kinds of registries: name, title.
Reference registry_kinds();
/// The built-in policies: name, rules, expiry_warning_days, quantum, default.
Reference builtin_policies();
/// What searches: name, kind, analysis, version, and the state of the analysis, with which stored reports are reused.
Result<Reference> detectors_in_use();
/// The codes of issues, by which a pipeline can be gated: code, severity, from (findings, or a policy), reason, remedy. The severity is
/// the worst that the issue has.
/// "rsa-N" stands for short keys of all sizes.
Reference issue_rules();

/// "table" for people, in lines of at most `width` columns; "json" as a list of objects.
std::string render(const Reference& reference, const std::string& format, std::size_t width);

}  // namespace landwaiter::daemon
