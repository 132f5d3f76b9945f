// SPDX-License-Identifier: Apache-2.0
#include "core/assess/policy.hpp"

#include "tests/support/catch.hpp"

#include <set>

using namespace landwaiter;
using nlohmann::json;

namespace {

SystemTime at(std::string_view date) { return *from_rfc3339(std::string(date) + "T00:00:00Z"); }

Finding certificate(json attributes) {
  Finding finding;
  finding.type = FindingType::certificate;
  finding.attributes = std::move(attributes);
  return finding;
}

/// Codes of the rules that are in force and met.
std::set<std::string> met(std::string_view policy, const Finding& finding, std::string_view date) {
  std::set<std::string> out;
  const auto known = Policy::builtin(policy);
  REQUIRE(known);
  for (const PolicyRule& rule : known->rules) {
    if (rule.in_force(at(date)) && rule.match.met_by(finding, at(date))) out.insert(rule.code);
  }
  return out;
}

using Codes = std::set<std::string>;

}  // namespace

TEST_CASE("SP 800-131A disallows what has less than 112 bits") {
  CHECK(met("nist-800-131a", certificate({{"key_type", "RSA"}, {"key_size_bits", 1024}}), "2026-01-01") == Codes{"nist-800-131a-key-size"});
  CHECK(met("nist-800-131a", certificate({{"key_type", "RSA"}, {"key_size_bits", 2047}}), "2026-01-01") == Codes{"nist-800-131a-key-size"});
  CHECK(met("nist-800-131a", certificate({{"key_type", "RSA"}, {"key_size_bits", 2048}}), "2026-01-01").empty());
  CHECK(met("nist-800-131a", certificate({{"key_type", "EC"}, {"key_size_bits", 192}}), "2026-01-01") == Codes{"nist-800-131a-curve-size"});
  CHECK(met("nist-800-131a", certificate({{"key_type", "EC"}, {"key_size_bits", 224}}), "2026-01-01").empty());
  CHECK(met("nist-800-131a", certificate({{"weaknesses", {"sha1-signature", "x"}}}), "2026-01-01") ==
        Codes{"nist-800-131a-signature-hash"});
}

TEST_CASE("rules are in force from and until their dates") {
  const Finding triple = certificate({{"weaknesses", json::array({"3des"})}});
  CHECK(met("nist-800-131a", triple, "2023-12-31").empty());
  CHECK(met("nist-800-131a", triple, "2024-01-01") == Codes{"nist-800-131a-3des"});
  const Finding rsa = certificate({{"key_type", "RSA"}, {"key_size_bits", 2048}});
  CHECK(met("nist-ir-8547", rsa, "2030-12-31") == Codes{"nist-ir-8547-announced"});
  CHECK(met("nist-ir-8547", rsa, "2031-01-01") == Codes{"nist-ir-8547-announced", "nist-ir-8547-deprecated"});
  CHECK(met("nist-ir-8547", rsa, "2036-01-01") == Codes{"nist-ir-8547-disallowed"});
  const Finding large = certificate({{"key_type", "RSA"}, {"key_size_bits", 4096}});
  CHECK(met("nist-ir-8547", large, "2031-01-01") == Codes{"nist-ir-8547-announced"});
}

TEST_CASE("CNSA 2.0 has neither today's algorithms nor SHA-256") {
  const Finding plain = certificate({{"key_type", "EC"}, {"key_size_bits", 384}, {"signature_hash", "SHA256"}});
  CHECK(met("cnsa-2.0", plain, "2026-06-01") == Codes{"cnsa-2.0-algorithm", "cnsa-2.0-signature-hash"});
  CHECK(met("cnsa-2.0", certificate({{"key_type", "ML-DSA-87"}, {"signature_hash", "SHA512"}}), "2030-01-01").empty());
  CHECK(met("none", plain, "2040-01-01").empty());
}

TEST_CASE("public roots are left alone unless a rule asks for them") {
  Finding root = certificate({{"key_type", "RSA"}, {"key_size_bits", 1024}, {"public_root", true}});
  CHECK(met("nist-800-131a", root, "2026-01-01").empty());
  PolicyMatch match;
  match.key_types = {"rsa"};
  CHECK_FALSE(match.met_by(root, at("2026-01-01")));
  match.public_roots = true;
  CHECK(match.met_by(root, at("2026-01-01")));
}

TEST_CASE("a match needs all its members, and one that names none matches nothing") {
  const Finding finding =
      certificate({{"key_type", "EC"}, {"key_size_bits", 256}, {"curve", "prime256v1"}, {"not_after", "2026-01-15T00:00:00Z"}});
  PolicyMatch match;
  CHECK_FALSE(match.met_by(finding, at("2026-01-01")));
  match.curves = {"secp384r1", "PRIME256V1"};
  CHECK(match.met_by(finding, at("2026-01-01")));
  match.types = {FindingType::private_key};
  CHECK_FALSE(match.met_by(finding, at("2026-01-01")));
  match.types.push_back(FindingType::certificate);
  match.expires_within_days = 14;
  CHECK_FALSE(match.met_by(finding, at("2026-01-01")));
  CHECK(match.met_by(finding, at("2026-01-02")));
  CHECK(match.met_by(finding, at("2027-01-01")));
  match.size_below = 256;
  CHECK_FALSE(match.met_by(finding, at("2026-01-02")));
}

TEST_CASE("attributes of another type match nothing") {
  PolicyMatch match;
  match.size_below = 4096;
  for (const json& size : {json("2048"), json(-1), json(0), json(1.5), json(nullptr), json::array()}) {
    CHECK_FALSE(match.met_by(certificate({{"key_size_bits", size}}), at("2026-01-01")));
  }
  Finding odd = certificate(json::array());
  CHECK_FALSE(match.met_by(odd, at("2026-01-01")));
  PolicyMatch expiring;
  expiring.expires_within_days = 36'500;
  CHECK_FALSE(expiring.met_by(certificate({{"not_after", nullptr}}), at("2026-01-01")));
}

TEST_CASE("built-in policies have names, and the standard one is among them") {
  CHECK(Policy::builtin_names() == std::vector<std::string>{"nist-800-131a", "nist-ir-8547", "cnsa-2.0", "none"});
  for (const std::string& name : Policy::builtin_names()) CHECK(Policy::builtin(name)->name == name);
  CHECK_FALSE(Policy::builtin("nist"));
  CHECK(Policy::standard().name == "nist-800-131a");
  for (const std::string_view type : {"RSA", "rsa", "EC", "Ed25519", "X448", "DH", "DSA", "RSA-PSS"}) CHECK(quantum_vulnerable(type));
  for (const std::string_view type : {"", "ML-KEM-768", "1.2.3"}) CHECK_FALSE(quantum_vulnerable(type));
}
