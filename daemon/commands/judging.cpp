// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/judging.hpp"

#include "core/base/text.hpp"
#include "daemon/settings/blocklist_file.hpp"
#include "daemon/settings/decisions_file.hpp"
#include "daemon/settings/policy_file.hpp"
#include "daemon/settings/yaml_file.hpp"

#include <iostream>
#include <optional>
#include <utility>

namespace landwaiter::daemon {
namespace {

/// Of the current folder, as other tools of a pipeline have it.
constexpr const char* kIgnoreFile = ".landwaiterignore.yml";

}  // namespace

Result<Decisions> make_decisions(const JudgingOptions& options) {
  std::vector<Decision> decisions;
  auto file = options.ignore_file.empty() ? yaml::file_here(kIgnoreFile) : Result<std::string>(options.ignore_file);
  if (!file) return file.error();
  if (!file->empty()) {
    auto loaded = load_decisions(*file);
    if (!loaded) return loaded.error();
    decisions = *std::move(loaded);
  }
  std::optional<Baseline> baseline;
  if (!options.baseline.empty()) {
    auto loaded = load_baseline(options.baseline);
    if (!loaded) return loaded.error();
    baseline = *std::move(loaded);
  }
  return Decisions(std::move(decisions), std::move(baseline));
}

Result<Judgment> make_judgment(const JudgingOptions& options) {
  Judgment judgment;
  auto policy = load_policy(options.policy);
  if (!policy) return policy.error();
  judgment.policy = *std::move(policy);
  for (const FailRule& rule : options.fail_on) {
    if (rule.issue_exists(judgment.policy)) continue;
    return Error(ErrorCode::invalid_argument,
                 "--fail-on " + landwaiter::quoted(rule.text) + ": neither landwaiter nor the policy has such an issue");
  }
  auto decisions = make_decisions(options);
  if (!decisions) return decisions.error();
  judgment.decisions = *std::move(decisions);
  if (options.blocklist.empty()) return judgment;
  auto blocklist = open_blocklist(options.blocklist);
  if (!blocklist) return blocklist.error();
  judgment.blocklist = *std::move(blocklist);
  return judgment;
}

CommandEnd judged_end(const ScanSummary& summary, const JudgingOptions& options, bool stopped) {
  const bool nothing = summary.nothing_judged() && !options.allow_empty && !stopped;
  if (nothing) {
    std::cerr << "landwaiter: --fail-on judged nothing, as there was no image (--allow-empty if that is right)\n";
  }
  return {stopped, summary.any_rule_met(), nothing || summary.failures() + summary.incomplete() > 0};
}

void tell_decisions(const Decisions& decisions, SystemTime today) {
  for (const Decision* decision : decisions.ended(today)) std::cerr << "landwaiter: " << decision->origin << ": this decision has ended\n";
  for (const Decision* decision : decisions.unused(today))
    std::cerr << "landwaiter: " << decision->origin << ": this decision matches nothing\n";
}

}  // namespace landwaiter::daemon
