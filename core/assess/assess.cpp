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
#include <utility>

namespace landwaiter {
namespace {

using nlohmann::json;

constexpr std::array kHelp{
    IssueHelp{"expired", "The certificate has expired.", Severity::medium, "Renew it, or remove it if nothing needs it."},
    IssueHelp{"expiring", "The certificate expires soon.", Severity::low, "Renew it."},
    IssueHelp{"not-yet-valid", "The certificate is not valid yet.", Severity::low, "Check the clock of the machine that issued it."},
    IssueHelp{"token-not-expired", "The image contains a token that is still valid.", Severity::high,
              "Revoke it, and pass tokens to containers at run time."},
    IssueHelp{"key-with-certificate", "The image contains a private key together with its certificate.", Severity::critical,
              "Replace the key and the certificate, revoke the old certificate, and pass keys to containers at run time."},
    IssueHelp{"ca-private-key", "The image contains the private key of a certificate authority.", Severity::critical,
              "Remove the authority from every trust store, create a new one, and keep its key out of images."},
    IssueHelp{"deleted-but-present", "A later layer deletes it, but it is still in the image.", Severity::high,
              "Build without it (use a separate build stage or a build secret), and replace it: deleting does not undo the exposure."},
    IssueHelp{"quantum-vulnerable", "A quantum computer could break it.", Severity::info,
              "Plan to replace it with ML-KEM and ML-DSA, alone or in a hybrid with the current algorithm."},
    IssueHelp{"known-compromised", "The key is on a list of known compromised keys.", Severity::critical,
              "Stop using it, revoke its certificates, and generate a new key."},
    IssueHelp{"published-key", "The private key was published.", Severity::info, "Make sure that only tests use it."},
    IssueHelp{"published-key-in-use", "A published private key lies where a server uses it.", Severity::high,
              "Replace it and its certificates: everybody has this key."},
    IssueHelp{"shared-prime", "The RSA modulus shares a prime with another key.", Severity::critical,
              "Stop using both, and generate new keys on a machine with enough entropy."},
    IssueHelp{"unusual-root", "A trust store has an authority that is in no public root program.", Severity::low,
              "Keep it if it is your own authority; otherwise find out who added it."},
    IssueHelp{"exposed-private-key", "The image contains a private key.", Severity::critical,
              "Replace it, and pass keys to containers at run time."},
    IssueHelp{"exposed-secret", "The image contains a secret.", Severity::critical,
              "Replace it, and pass secrets to containers at run time."},
    IssueHelp{"weak", "Reported as weak by the detector.", Severity::critical, "See its attributes."},
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

Issue assess_issue(std::string_view code, Severity severity, std::string reason) {
  const auto help = std::ranges::find(kHelp, code, &IssueHelp::code);
  return {std::string(code), severity, std::move(reason), help == kHelp.end() ? std::string() : std::string(help->remedy)};
}

}  // namespace landwaiter
