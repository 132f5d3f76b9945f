// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/policy.hpp"
#include "core/base/result.hpp"
#include "core/report/coverage.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::daemon {

/// A `--fail-on` rule, in any case: "high" (that severity or worse), "private-key" (that type), "certificate:medium" (both), an issue's
/// code
/// ("expired", "rsa-1024"), "not-opened" (anything was not searched) or "incomplete" (a search ended early).
struct FailRule {
  std::string text;                         ///< as it was given
  std::optional<CoverageState> coverage{};  ///< instead of the others
  std::string issue{};                      ///< instead of type and severity
  std::optional<FindingType> type{};
  Severity severity = Severity::info;

  static Result<FailRule> parse(std::string_view text);
  /// Rules of one word that can be met, for a shell to complete.
  static std::vector<std::string> examples();
  /// Several, with commas between them.
  static Result<std::vector<FailRule>> parse_list(std::string_view text);

  /// False for a code that neither this program nor the policy has: a misspelled rule would never be met.
  bool issue_exists(const Policy& policy) const;

  /// Of an assessed finding. Assets that a later layer deletes also count: they can still be pulled with the image. What is accepted does
  /// not (core/assess/decisions.hpp), neither as a whole nor the one issue.
  bool met_by(const Finding& finding) const;
  bool met_by(const ImageReport& image) const;
};

}  // namespace landwaiter::daemon
