// SPDX-License-Identifier: Apache-2.0
// Issues that one finding shows by itself.
#include "core/assess/assess_issues.hpp"

#include "core/report/assets/certificate.hpp"
#include "core/report/assets/common.hpp"
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
  const auto count = floor<days>(span).count();
  return std::to_string(count) + (count == 1 ? " day" : " days");
}

void add_certificate_time(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  const assets::Lifetime lifetime = assets::lifetime_of(finding);
  const auto begin = lifetime.begin();
  const auto end = from_rfc3339(lifetime.not_after);
  const bool root = assets::is_public_root(finding);
  if (end && context.today > *end) {
    const std::string reason = "It expired " + date_text(*end) + ", " + days_text(context.today - *end) + " ago.";
    issues.push_back({"expired", root ? Severity::info : Severity::medium, reason,
                      root ? "Update the bundle of authorities." : "Renew it, or remove it when nothing needs it."});
    return;
  }
  if (root) return;
  if (begin && context.today < *begin) {
    issues.push_back({"not-yet-valid", Severity::low,
                      "It is valid from " + date_text(*begin) + " on, in " + days_text(*begin - context.today) + ".",
                      "Check the clock where it was made."});
  }
  const std::uint64_t warning = context.policy != nullptr ? context.policy->expiry_warning_days : Policy().expiry_warning_days;
  if (end && *end - context.today < days(warning)) {
    issues.push_back(
        {"expiring", Severity::low, "It expires " + date_text(*end) + ", in " + days_text(*end - context.today) + ".", "Renew it."});
  }
}

void add_token_time(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  const auto end = from_rfc3339(assets::lifetime_of(finding).expires);
  if (!end || context.today >= *end) return;
  issues.push_back({"token-not-expired", Severity::high,
                    "The token is good until " + date_text(*end) + ", " + days_text(*end - context.today) + " more.",
                    "Revoke it, and give tokens to containers when they start."});
}

/// A date, or true when the detector knows no date.
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
  // Maintenance ends by the calendar: see add_end_of_life.
  const bool dated = finding.type == FindingType::crypto_library && !assets::crypto_library_of(finding).end_of_life.empty();
  for (const std::string& code : assets::weaknesses_of(finding)) {
    if (code == "end-of-life" && dated) continue;
    Issue issue = weakness_issue(code);
    if (code.ends_with("-password") && holds_certificates_alone(finding)) {
      issue.severity = Severity::info;
      issue.reason = "It opens with a password that everybody tries first. It holds certificates alone, which are no secret.";
      issue.remedy = "See that only its owner may write it.";
    }
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
  issues.push_back({"quantum-vulnerable", Severity::info, "A quantum computer of sufficient size breaks " + type + ".",
                    "Plan its replacement by ML-KEM and ML-DSA, alone or combined with what is used now."});
}

void add_key_issues(const Finding& finding, const AssessContext& context, std::vector<Issue>& issues) {
  const std::string publisher = assets::publisher_of(finding);
  if (!publisher.empty()) {
    issues.push_back({"published-key", Severity::info, "This private key was published by " + publisher + ", so that it protects nothing.",
                      "See that nothing but a test uses it."});
  }
  if (context.blocklist != nullptr) {
    if (const auto list = context.blocklist->find(assets::key_identity_of(finding).hash)) {
      issues.push_back({"known-compromised", Severity::critical,
                        "The private key is known to the world: list " + std::to_string(*list) + " of the blocklist has it.",
                        "Take it out of use, revoke its certificates, and make a new key."});
    }
  }
  if (context.shared_primes != nullptr) {
    if (const auto partners = context.shared_primes->partners(finding); !partners.empty()) {
      issues.push_back({"shared-prime", Severity::critical,
                        "Its RSA modulus shares a prime with " + list_text(partners) + ": whoever has both computes both private keys.",
                        "Take both out of use, and make new keys where there is enough randomness."});
    }
  }
}

void add_exposure_issue(const Finding& finding, std::vector<Issue>& issues) {
  if (finding.severity == Severity::info) return;
  switch (finding.type) {
    case FindingType::private_key:
    case FindingType::secret_key: {
      const bool encrypted = assets::is_encrypted(finding);
      issues.push_back({finding.type == FindingType::private_key ? "exposed-private-key" : "exposed-secret", finding.severity,
                        encrypted ? "Whoever can pull the image can try passwords on it." : "Whoever can pull the image has it.",
                        "Replace it, and give keys to containers when they start."});
      return;
    }
    case FindingType::token:
    case FindingType::secret:
    case FindingType::keystore:
      issues.push_back({"exposed-secret", finding.severity, "Whoever can pull the image has it.",
                        "Replace it, and give secrets to containers when they start."});
      return;
    default: issues.push_back({"weak", finding.severity, "Its detector holds it for weak.", "See its attributes."});
  }
}

}  // namespace landwaiter
