// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"
#include "core/assess/decisions.hpp"
#include "core/base/result.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/output/fail_rule.hpp"
#include "daemon/output/scan_summary.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// What findings are judged by.
struct Judgment {
  Policy policy;
  std::shared_ptr<const Blocklist> blocklist;
  Decisions decisions;
};

struct JudgingOptions {
  std::string policy = "nist-800-131a";  ///< a built-in one, or a file (daemon/settings/policy_file.hpp)
  std::string ignore_file;               ///< decisions; empty: that of the current folder, if there is one
  std::string baseline;                  ///< an earlier report; empty: none
  std::string blocklist;                 ///< a file (core/assess/blocklist.hpp); empty: none
  std::vector<FailRule> fail_on;
  bool allow_empty = false;  ///< rules that have no image to judge are no failure
};

/// Reads the files. Errors: configuration, and invalid_argument for a rule about an issue that nobody reports.
Result<Judgment> make_judgment(const JudgingOptions& options);
/// The decisions alone, for findings that have been judged before.
Result<Decisions> make_decisions(const JudgingOptions& options);

/// What the end of a command that judged is. Says on standard error if rules had no image to judge.
CommandEnd judged_end(const ScanSummary& summary, const JudgingOptions& options, bool stopped);

/// Says on standard error which decisions do not do what they were written for.
void tell_decisions(const Decisions& decisions, SystemTime today);

}  // namespace landwaiter::daemon
