// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/fail_rule.hpp"

#include "core/assess/assess.hpp"
#include "core/assess/decisions.hpp"
#include "core/base/nearest.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace landwaiter::daemon {
namespace {

/// Those of the rules of the built-in policies, too. Those of other policies need `issue:CODE`, as the policy is read later.
bool is_issue(std::string_view code) {
  if (weakness_known(code)) return true;
  if (std::ranges::any_of(assess_issue_help(), [&](const IssueHelp& help) { return help.code == code; })) return true;
  return std::ranges::any_of(Policy::builtin_names(), [&](const std::string& name) {
    return std::ranges::any_of(Policy::builtin(name)->rules, [&](const PolicyRule& rule) { return rule.code == code; });
  });
}

/// What a rule may be that is one word, types apart.
std::vector<std::string> one_word_rules() {
  std::vector<std::string> out{"not-opened", "incomplete"};
  for (const Severity each : {Severity::info, Severity::low, Severity::medium, Severity::high, Severity::critical}) {
    out.emplace_back(to_string(each));
  }
  for (const std::string_view code : weakness_codes()) out.emplace_back(code);
  for (const IssueHelp& help : assess_issue_help()) out.emplace_back(help.code);
  return out;
}

/// "rsa-99999": like the code of a short key, but nothing that a key can be short with. Empty for others.
std::string short_key_advice(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  const auto kinds = short_key_kinds();
  const auto kind = std::ranges::find(kinds, text.substr(0, std::min(dash, text.size())), &ShortKeyKind::type);
  if (kind == kinds.end() || text.substr(std::min(dash + 1, text.size())).find_first_not_of("0123456789") != std::string_view::npos)
    return {};
  const std::string type(kind->type), needed = std::to_string(kind->bits_needed);
  return ": a key is told as " + type + "-BITS if it has fewer than " + needed + " bits, from " + type + "-1 to " + type + "-" +
         std::to_string(kind->bits_needed - 1);
}

Error no_rule(std::string_view text) {
  if (const std::string advice = short_key_advice(to_lower(trim(text))); !advice.empty())
    return {ErrorCode::invalid_argument, "--fail-on " + quoted(text) + " can never be met" + advice};
  return {ErrorCode::invalid_argument,
          "--fail-on " + quoted(text) +
              " is not a valid rule; use a severity (info, low, medium, high, critical), a type (private-key, certificate, ...), "
              "TYPE:SEVERITY, an issue's code (expired, deleted-but-present, ...), issue:CODE, not-opened or incomplete" +
              did_you_mean(trim(text), one_word_rules())};
}

}  // namespace

Result<FailRule> FailRule::parse(std::string_view given) {
  FailRule rule{.text = std::string(trim(given))};
  const std::string text = to_lower(rule.text);
  if (text == "not-opened" || text == "incomplete") {
    rule.coverage = text == "incomplete" ? CoverageState::incomplete : CoverageState::not_opened;
    return rule;
  }
  const std::size_t colon = text.find(':');
  const std::string first = text.substr(0, colon);
  const std::string second = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  if (first == "issue" && !second.empty()) {
    if (!short_key_advice(second).empty() && !is_issue(second)) return no_rule(second);
    rule.issue = second;
    return rule;
  }
  rule.type = finding_type_from(first);
  const auto alone = severity_from(first);
  if (alone && colon == std::string::npos) {
    rule.severity = *alone;
    return rule;
  }
  if (!rule.type && colon == std::string::npos && is_issue(first)) {
    rule.issue = first;
    return rule;
  }
  const auto severity = colon == std::string::npos ? std::optional(Severity::info) : severity_from(second);
  if (!rule.type || !severity) return no_rule(given);
  rule.severity = *severity;
  return rule;
}

Result<std::vector<FailRule>> FailRule::parse_list(std::string_view text) {
  std::vector<FailRule> rules;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    auto rule = parse(text.substr(begin, end - begin));
    if (!rule) return rule.error();
    rules.push_back(*std::move(rule));
    begin = end + 1;
  }
  return rules;
}

bool FailRule::issue_exists(const Policy& policy) const {
  return issue.empty() || is_issue(issue) || std::ranges::any_of(policy.rules, [&](const PolicyRule& rule) { return rule.code == issue; });
}

bool FailRule::met_by(const Finding& finding) const {
  if (coverage || is_accepted(finding)) return false;
  if (issue.empty()) return (!type || *type == finding.type) && finding.severity >= severity;
  return std::ranges::any_of(issues_of(finding), [&](const Issue& each) { return each.code == issue && !each.accepted; });
}

std::vector<std::string> FailRule::examples() {
  std::vector<std::string> out = one_word_rules();
  for (int type = 0; type <= static_cast<int>(FindingType::misconfiguration); ++type)
    out.emplace_back(to_string(static_cast<FindingType>(type)));
  for (const ShortKeyKind& kind : short_key_kinds()) out.push_back(std::string(kind.type) + "-" + std::to_string(kind.bits_needed / 2));
  std::ranges::sort(out);
  return out;
}

bool FailRule::met_by(const ImageReport& image) const {
  if (coverage) return coverage_of(image).state() >= *coverage;
  return std::ranges::any_of(image.findings, [&](const Finding& finding) { return met_by(finding); });
}

}  // namespace landwaiter::daemon
