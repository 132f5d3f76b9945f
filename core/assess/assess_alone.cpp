// SPDX-License-Identifier: Apache-2.0
// Issues that follow from one finding alone.
#include "core/assess/assess_issues.hpp"

#include "core/assess/settings_advice.hpp"
#include "core/base/text.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/common.hpp"
#include "core/report/assets/crypto_configuration.hpp"
#include "core/report/assets/crypto_library.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/assets/keystore.hpp"

#include <algorithm>
#include <chrono>

namespace landwaiter {
namespace {

using std::chrono::days;
using std::chrono::floor;

std::string date_text(SystemTime time) { return to_rfc3339(time).substr(0, 10); }

std::string days_text(std::chrono::microseconds span) {
  return counted(static_cast<std::uint64_t>(floor<days>(span).count()), "day", "days");
}

void add_certificate_time(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  const assets::Lifetime lifetime = assets::lifetime_of(finding);
  const auto begin = lifetime.begin();
  const auto end = from_rfc3339(lifetime.not_after);
  const bool root = assets::is_public_root(finding);
  if (end && context.today > *end) {
    const std::string reason = "It expired " + date_text(*end) + ", " + days_text(context.today - *end) + " ago.";
    issues.push_back(assess_issue("expired", root ? Severity::info : Severity::medium, reason));
    if (root) issues.back().remedy = "Update the CA bundle.";
    return;
  }
  if (root) return;
  if (begin && context.today < *begin) {
    issues.push_back(assess_issue("not-yet-valid", Severity::low,
                                  "It becomes valid on " + date_text(*begin) + ", in " + days_text(*begin - context.today) + "."));
  }
  const std::uint64_t warning = context.policy != nullptr ? context.policy->expiry_warning_days : Policy().expiry_warning_days;
  if (end && *end - context.today < days(warning)) {
    issues.push_back(
        assess_issue("expiring", Severity::low, "It expires " + date_text(*end) + ", in " + days_text(*end - context.today) + "."));
  }
}

void add_token_time(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  const auto end = from_rfc3339(assets::lifetime_of(finding).expires);
  if (!end || context.today >= *end) return;
  issues.push_back(assess_issue("token-not-expired", Severity::high,
                                "The token is valid until " + date_text(*end) + ", for another " + days_text(*end - context.today) + "."));
}

/// The attribute is a date, or true if the detector knows no date.
void add_end_of_life(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  std::string text = assets::crypto_library_of(finding).end_of_life;
  if (text.size() == 10) text += "T00:00:00Z";
  const auto end = from_rfc3339(text);
  if (!end || context.today < *end) return;
  Issue issue = weakness_issue("end-of-life");
  issue.reason = "This version has not been maintained since " + date_text(*end) + ".";
  issues.push_back(std::move(issue));
}

std::string list_text(const std::set<std::string>& names) {
  constexpr std::size_t kNamed = 3;
  std::string out;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count++ == kNamed) break;
    out += (out.empty() ? "" : ", ") + name;
  }
  if (names.size() > kNamed) out += " and " + std::to_string(names.size() - kNamed) + " more";
  return out;
}

/// A trust store: listed to its end, with nothing in it but certificates.
bool holds_certificates_alone(const Finding& finding) {
  if (finding.type != FindingType::keystore) return false;
  const assets::Keystore keystore = assets::keystore_of(finding);
  if (keystore.listing != "complete") return false;
  return std::ranges::all_of(keystore.entries, [](const assets::KeystoreEntry& entry) { return entry.kind == "certificate"; });
}

}  // namespace

void add_weakness_issues(const Finding& finding, std::vector<Issue>& issues) {
  // A dated end of life depends on today's date: see add_end_of_life.
  const bool dated = finding.type == FindingType::crypto_library && !assets::crypto_library_of(finding).end_of_life.empty();
  for (const std::string& code : assets::weaknesses_of(finding)) {
    if (code == "end-of-life" && dated) continue;
    Issue issue = weakness_issue(code);
    if (code.ends_with("-password") && holds_certificates_alone(finding)) {
      issue.severity = Severity::info;
      issue.reason = "It opens with a well-known password. It holds only certificates, which are not secret.";
      issue.remedy = "Make sure that only its owner can write it.";
    }
    if (finding.type == FindingType::crypto_configuration) advise_setting(assets::crypto_configuration_of(finding).software, issue);
    issues.push_back(std::move(issue));
  }
  soften_published(finding, issues);
}

void soften_published(const Finding& finding, std::vector<Issue>& issues) {
  if (assets::publisher_of(finding).empty()) return;
  for (Issue& issue : issues) issue.severity = std::min(issue.severity, Severity::low);
}

void add_time_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  if (finding.type == FindingType::certificate) add_certificate_time(finding, context, issues);
  if (finding.type == FindingType::token) add_token_time(finding, context, issues);
  if (finding.type == FindingType::crypto_library) add_end_of_life(finding, context, issues);
}

void add_policy_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  if (context.policy == nullptr) return;
  for (const PolicyRule& rule : context.policy->rules) {
    if (!rule.in_force(context.today) || !rule.match.met_by(finding, context.today)) continue;
    issues.push_back({rule.code, rule.severity, rule.reason, rule.remedy});
  }
  const std::string type = assets::key_kind_of(finding).type;
  if (!context.policy->quantum || !quantum_vulnerable(type)) return;
  issues.push_back(assess_issue("quantum-vulnerable", Severity::info, "A sufficiently large quantum computer breaks " + type + "."));
}

void add_key_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  const std::string publisher = assets::publisher_of(finding);
  if (!publisher.empty()) {
    issues.push_back(
        assess_issue("published-key", Severity::info, "This private key was published by " + publisher + ", so it protects nothing."));
  }
  if (context.blocklist != nullptr) {
    if (const auto list = context.blocklist->find(assets::key_identity_of(finding).hash)) {
      issues.push_back(assess_issue("known-compromised", Severity::critical,
                                    "This private key is public: it is on list " + std::to_string(*list) + " of the blocklist."));
    }
  }
  if (context.shared_primes != nullptr) {
    if (const auto partners = context.shared_primes->partners(finding); !partners.empty()) {
      issues.push_back(assess_issue("shared-prime", Severity::critical,
                                    "Its RSA modulus shares a prime with " + list_text(partners) +
                                        ": anyone who has both public keys can compute both private keys."));
    }
  }
}

void add_exposure_issue(const Finding& finding, std::vector<Issue>& issues) {
  if (finding.severity == Severity::info) return;
  switch (finding.type) {
    case FindingType::private_key:
    case FindingType::secret_key: {
      const bool encrypted = assets::is_encrypted(finding);
      issues.push_back(
          assess_issue(finding.type == FindingType::private_key ? "exposed-private-key" : "exposed-secret", finding.severity,
                       encrypted ? "Anyone who can pull the image can try passwords on it." : "Anyone who can pull the image has it."));
      issues.back().remedy = "Replace it, and pass keys to containers at run time.";
      return;
    }
    case FindingType::token:
    case FindingType::secret:
    case FindingType::keystore:
      issues.push_back(assess_issue("exposed-secret", finding.severity, "Anyone who can pull the image has it."));
      return;
    default: issues.push_back(assess_issue("weak", finding.severity, "Reported as weak by the detector."));
  }
}

}  // namespace landwaiter
