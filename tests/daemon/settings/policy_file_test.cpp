// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/policy_file.hpp"

#include "tests/support/catch.hpp"

#include <filesystem>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

std::string error_of(std::string_view text) {
  auto policy = parse_policy(text, "p.yml");
  REQUIRE_FALSE(policy);
  CHECK(policy.error().code() == ErrorCode::configuration);
  return policy.error().message();
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a policy file holds all that a rule can say") {
  const auto policy = parse_policy(R"(
name: shop
expiry_warning_days: 60
quantum: false
rules:
  - code: no-short-rsa
    match: {type: [certificate, private-key], key_type: RSA, size_below: 3072, curve: [a, b], signature_hash: SHA1, expires_within_days: 14,
            weakness: rc4, public_roots: true}
    severity: high
    reason: Too short.
    remedy: Longer.
    from: 2027-01-01
    until: 2030-06-30T12:00:00+02:00
)",
                                   "p.yml");
  REQUIRE(policy);
  CHECK(policy->name == "shop");
  CHECK(policy->expiry_warning_days == 60);
  CHECK_FALSE(policy->quantum);
  REQUIRE(policy->rules.size() == 1);
  const PolicyRule& rule = policy->rules[0];
  CHECK(rule.code == "no-short-rsa");
  CHECK(rule.severity == Severity::high);
  CHECK(rule.reason == "Too short.");
  CHECK(rule.remedy == "Longer.");
  CHECK(rule.match.types == std::vector{FindingType::certificate, FindingType::private_key});
  CHECK(rule.match.key_types == std::vector<std::string>{"RSA"});
  CHECK(rule.match.size_below == 3072);
  CHECK(rule.match.curves == std::vector<std::string>{"a", "b"});
  CHECK(rule.match.signature_hashes == std::vector<std::string>{"SHA1"});
  CHECK(rule.match.expires_within_days == 14);
  CHECK(rule.match.weaknesses == std::vector<std::string>{"rc4"});
  CHECK(rule.match.public_roots);
  CHECK(to_rfc3339(*rule.from) == "2027-01-01T00:00:00Z");
  CHECK(to_rfc3339(*rule.until) == "2030-06-30T10:00:00Z");
}

TEST_CASE("a policy extends a built-in one, wherever the field stands") {
  const std::string own = "rules:\n  - {code: x, match: {key_type: EC}, reason: y}\n";
  for (const std::string& text : {"extends: cnsa-2.0\n" + own, own + "extends: cnsa-2.0\n"}) {
    const auto policy = parse_policy(text, "p.yml");
    REQUIRE(policy);
    CHECK(policy->rules.size() == Policy::builtin("cnsa-2.0")->rules.size() + 1);
    CHECK(policy->rules.back().code == "x");
    CHECK(policy->rules.back().severity == Severity::medium);
  }
}

TEST_CASE("an error names the file, the line and the field") {
  const std::string head = "rules:\n  - code: a\n    reason: b\n";
  CHECK(contains(error_of("name: x\nrulez: []\n"), "p.yml: line 2: unknown field \"rulez\""));
  CHECK(contains(error_of(head + "    match: {key_tipe: RSA}\n"), "line 4: unknown field \"key_tipe\" in match"));
  CHECK(contains(error_of(head + "    match: {type: certificates}\n"), "line 4: field type has an unknown type \"certificates\""));
  CHECK(contains(error_of(head + "    match: {size_below: many}\n"), "field size_below must be a number"));
  CHECK(contains(error_of(head + "    match: {size_below: -1}\n"), "field size_below must be a number"));
  CHECK(contains(error_of(head + "    match: {expires_within_days: 99999999999999999999}\n"), "field expires_within_days"));
  CHECK(contains(error_of(head + "    match: {}\n"), "match must have at least one field"));
  CHECK(contains(error_of(head), "field match is required"));
  CHECK(contains(error_of(head + "    match: {key_type: RSA}\n    severity: grave\n"), "line 5: field severity must be"));
  CHECK(contains(error_of(head + "    match: {key_type: RSA}\n    from: tomorrow\n"), "line 5: field from must be a date"));
  CHECK(contains(error_of(head + "    match: {key_type: RSA}\n    code: b\n"), "appears twice"));
  CHECK(contains(error_of("rules:\n  - {code: Bad Code, match: {key_type: RSA}, reason: x}\n"), "field code"));
  CHECK(contains(error_of("extends: nist\n"), "line 1: field extends names an unknown policy \"nist\""));
  CHECK(contains(error_of("rules: {a: b}\n"), "field rules must be a list"));
  CHECK(contains(error_of("rules: [\n"), "line"));
  CHECK(contains(error_of("- 1\n"), "the policy must be a map"));
  CHECK(contains(error_of(""), "the policy must be a map"));
}

TEST_CASE("hostile YAML is refused before it costs anything") {
  CHECK(contains(error_of(std::string(100'000, '[')), "nested deeper"));
  CHECK(contains(error_of("a: " + std::string(5000, '{')), "nested deeper"));
  std::string dashes;
  for (int i = 0; i < 5000; ++i) dashes += "- ";
  CHECK(contains(error_of(dashes), "nested deeper"));
  CHECK(contains(error_of(std::string(2'000'000, 'a')), "longer"));
}

TEST_CASE("a policy is a built-in name or a file, and a misspelled name says what there is") {
  CHECK(load_policy("cnsa-2.0")->name == "cnsa-2.0");
  CHECK(load_policy("none")->rules.empty());
  const auto misspelled = load_policy("nist");
  REQUIRE_FALSE(misspelled);
  CHECK(contains(misspelled.error().message(), "nist-ir-8547"));
  CHECK(contains(load_policy("/nowhere/policy.yml").error().message(), "/nowhere/policy.yml: cannot be read"));
}

TEST_CASE("the policy that is packaged as an example is one") {
  const auto policy = load_policy(LANDWAITER_PACKAGING_FOLDER "/policy.yml");
  REQUIRE(policy);
  CHECK(policy->name == "shop");
  CHECK(policy->rules.size() == Policy::standard().rules.size() + 3);
}
