// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/judging_flags.hpp"

#include "daemon/cli/command.hpp"
#include "daemon/flags/option_groups.hpp"

namespace landwaiter::daemon {

void JudgingFlags::add_to(Command& command) {
  command.begin_group(kJudgingGroup);
  auto* rules =
      command
          .add_option(
              "--fail-on", fail_on_,
              "Exit with 1 if a finding matches SEVERITY, TYPE, TYPE:SEVERITY or an issue's code (landwaiter rules), or an image is "
              "not-opened or incomplete; a list with commas")
          ->option_text("RULE");
  command.suggest(rules, FailRule::examples());
  command.add_flag("--allow-empty", options_.allow_empty, "With --fail-on: that there is no image at all is no failure");
  command
      .add_option("--ignore-file", options_.ignore_file,
                  "Findings that are accepted, with reasons (default: .landwaiterignore.yml, if it exists); docs/accepting.md")
      ->option_text("FILE");
  command.add_option("--baseline", options_.baseline, "An earlier report in JSON: what it has is accepted, and only what is new counts")
      ->option_text("FILE");
}

void JudgingFlags::add_policy_to(Command& command) {
  auto* policy = command
                     .add_option("--policy", options_.policy,
                                 "Policy for findings: one of landwaiter policies (default: nist-800-131a), or a YAML file")
                     ->option_text("POLICY|FILE");
  command.suggest(policy, Policy::builtin_names());
  command.add_option("--blocklist", options_.blocklist, "List of known compromised keys, in badkeys format")
      ->option_text("FILE")
      ->check(CLI::ExistingFile);
}

Result<JudgingOptions> JudgingFlags::finish() {
  for (const std::string& text : fail_on_) {
    auto rules = FailRule::parse_list(text);
    if (!rules) return rules.error();
    options_.fail_on.insert(options_.fail_on.end(), rules->begin(), rules->end());
  }
  return std::move(options_);
}

}  // namespace landwaiter::daemon
