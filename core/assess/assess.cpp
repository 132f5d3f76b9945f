// SPDX-License-Identifier: Apache-2.0
#include "core/assess/assess.hpp"

#include "core/assess/assess_issues.hpp"
#include "core/assess/chains.hpp"
#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"
#include "core/report/attributes.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace landwaiter {
namespace {

using nlohmann::json;

constexpr std::array kHelp{
    IssueHelp{"expired", "The certificate has expired."},
    IssueHelp{"expiring", "The certificate expires soon."},
    IssueHelp{"not-yet-valid", "The certificate is not valid yet."},
    IssueHelp{"token-not-expired", "The image contains a token that is still valid."},
    IssueHelp{"key-with-certificate", "The image contains a private key together with its certificate."},
    IssueHelp{"ca-private-key", "The image contains the private key of a certificate authority."},
    IssueHelp{"deleted-but-present", "A later layer deletes it, but it is still in the image."},
    IssueHelp{"quantum-vulnerable", "A quantum computer could break it."},
    IssueHelp{"known-compromised", "The key is on a list of known compromised keys."},
    IssueHelp{"published-key", "The private key was published."},
    IssueHelp{"published-key-in-use", "A published private key lies where a server uses it."},
    IssueHelp{"shared-prime", "The RSA modulus shares a prime with another key."},
    IssueHelp{"unusual-root", "A trust store has an authority that is in no public root program."},
    IssueHelp{"exposed-private-key", "The image contains a private key."},
    IssueHelp{"exposed-secret", "The image contains a secret."},
    IssueHelp{"weak", "Reported as weak by the detector."},
};

/// Stores the issues in the attributes and raises the severity to the worst of them.
void store(std::vector<Issue> issues, Finding& finding) {
  sort_issues(issues);
  for (const Issue& issue : issues) finding.severity = std::max(finding.severity, issue.severity);
  if (!finding.attributes.is_object()) finding.attributes = json::object();
  finding.attributes[attribute::issues] = std::move(issues);
}

std::vector<Issue> issues_alone(const Finding& finding, const AssessContext& context) {
  std::vector<Issue> issues;
  add_weakness_issues(finding, issues);
  add_time_issues(finding, context, issues);
  add_policy_issues(finding, context, issues);
  add_key_issues(finding, context, issues);
  soften_published(finding, issues);
  return issues;
}

bool says_why(const std::vector<Issue>& issues, Severity severity) {
  return std::ranges::any_of(issues, [&](const Issue& issue) { return issue.severity >= severity; });
}

}  // namespace

void assess(ImageReport& image, const AssessContext& context) {
  link_chains(image.findings);
  const ImageView view(image);
  for (Finding& finding : image.findings) {
    std::vector<Issue> issues = issues_alone(finding, context);
    add_image_issues(finding, view, context, issues);
    if (soften_keyring(finding, issues)) finding.severity = Severity::info;
    if (!says_why(issues, finding.severity)) add_exposure_issue(finding, issues);
    store(std::move(issues), finding);
  }
  sort_for_people(image.findings);
}

void assess_weaknesses(Finding& finding) {
  std::vector<Issue> issues;
  add_weakness_issues(finding, issues);
  if (!says_why(issues, finding.severity)) add_exposure_issue(finding, issues);
  store(std::move(issues), finding);
}

Severity severity_with_weaknesses(const Finding& finding) {
  std::vector<Issue> issues;
  add_weakness_issues(finding, issues);
  Severity severity = finding.severity;
  for (const Issue& issue : issues) severity = std::max(severity, issue.severity);
  return severity;
}

void drop_working_attributes(json& attributes) {
  if (attributes.is_object()) attributes.erase(attribute::modulus);
}

void drop_working_attributes(ImageReport& image) {
  for (Finding& finding : image.findings) drop_working_attributes(finding.attributes);
}

AssessOutcome assess_all(std::span<ImageReport> images, const Policy& policy, SystemTime today, const Blocklist* blocklist) {
  SharedPrimes primes;
  for (const ImageReport& image : images) primes.add(image.findings);
  primes.compute();
  const AssessContext context{&policy, today, blocklist, &primes};
  for (ImageReport& image : images) {
    assess(image, context);
    drop_working_attributes(image);
  }
  return {primes.left_out()};
}

void sort_issues(std::vector<Issue>& issues) {
  std::ranges::sort(issues, [](const Issue& a, const Issue& b) {
    return std::tie(b.severity, a.code, a.reason, a.remedy) < std::tie(a.severity, b.code, b.reason, b.remedy);
  });
  const auto duplicates = std::ranges::unique(issues);
  issues.erase(duplicates.begin(), duplicates.end());
}

std::vector<Issue> issues_of(const Finding& finding) {
  std::vector<Issue> out;
  const json& issues = assets::member_or_null(finding.attributes, attribute::issues);
  if (!issues.is_array()) return out;
  for (const json& each : issues) {
    const auto severity = severity_from(text_attribute(each, "severity"));
    Issue issue{text_attribute(each, "code"), severity.value_or(Severity::info), text_attribute(each, "reason"),
                text_attribute(each, "remedy"), acceptance_in(each)};
    if (severity && !issue.code.empty()) out.push_back(std::move(issue));
  }
  return out;
}

std::span<const IssueHelp> assess_issue_help() { return kHelp; }

}  // namespace landwaiter
