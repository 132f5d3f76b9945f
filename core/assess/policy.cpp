// SPDX-License-Identifier: Apache-2.0
#include "core/assess/policy.hpp"

#include "core/base/text.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/common.hpp"
#include "core/report/assets/key.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace landwaiter {
namespace {

using std::chrono::days;

bool names(const std::vector<std::string>& list, std::string_view value) {
  return !value.empty() && std::ranges::any_of(list, [&](const std::string& each) { return iequals(each, value); });
}

bool any_named(const std::vector<std::string>& list, const std::vector<std::string>& values) {
  return std::ranges::any_of(values, [&](const std::string& value) { return names(list, value); });
}

SystemTime date(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
}

const std::vector<std::string> kFiniteField{"RSA", "RSA-PSS", "DSA", "DH"};
const std::vector<std::string> kQuantumVulnerable{"RSA", "RSA-PSS", "DSA", "DH", "EC", "Ed25519", "Ed448", "X25519", "X448"};
constexpr std::string_view kPostQuantum = "Plan to replace it with ML-KEM and ML-DSA, alone or in a hybrid with the current algorithm.";

PolicyRule rule(std::string code, Severity severity, std::string reason, std::string remedy) {
  PolicyRule out;
  out.code = std::move(code);
  out.severity = severity;
  out.reason = std::move(reason);
  out.remedy = std::move(remedy);
  return out;
}

/// SP 800-131A revision 2 and SP 800-57 part 1: at least 112 bits of security; FIPS 186-5 for DSA.
std::vector<PolicyRule> sp_800_131a() {
  std::vector<PolicyRule> rules;
  auto& key =
      rules.emplace_back(rule("nist-800-131a-key-size", Severity::medium, "SP 800-131A disallows RSA, DSA and DH keys below 2048 bits.",
                              "Generate a new key of at least 3072 bits, or on a curve such as P-256."));
  key.match.key_types = kFiniteField;
  key.match.size_below = 2048;
  auto& curve = rules.emplace_back(rule("nist-800-131a-curve-size", Severity::medium, "SP 800-131A disallows curves below 224 bits.",
                                        "Generate a new key on P-256 or a larger curve."));
  curve.match.key_types = {"EC"};
  curve.match.size_below = 224;
  auto& hash =
      rules.emplace_back(rule("nist-800-131a-signature-hash", Severity::medium,
                              "SP 800-131A disallows signatures over SHA-1 and older hashes.", "Reissue it with SHA-256 or stronger."));
  // The weakness, not the hash: nobody relies on a root's self-signature.
  hash.match.weaknesses = {"sha1-signature", "md5-signature", "md4-signature", "md2-signature"};
  auto& triple = rules.emplace_back(
      rule("nist-800-131a-3des", Severity::medium, "SP 800-131A has disallowed encryption with triple DES since 2024.", "Use AES."));
  triple.match.weaknesses = {"3des"};
  triple.from = date(2024, 1, 1);
  auto& dsa = rules.emplace_back(
      rule("fips-186-5-dsa", Severity::low, "FIPS 186-5 no longer approves DSA for signing.", "Use ECDSA, EdDSA or RSA."));
  dsa.match.key_types = {"DSA"};
  dsa.from = date(2024, 2, 3);
  return rules;
}

/// IR 8547, "Transition to Post-Quantum Cryptography Standards": 112 bits until 2030, everything that a quantum computer breaks until
/// 2035.
std::vector<PolicyRule> ir_8547() {
  std::vector<PolicyRule> rules = sp_800_131a();
  const auto at_112_bits = [&](std::vector<std::string> types, std::uint64_t below) {
    auto& out = rules.emplace_back(rule("nist-ir-8547-deprecated", Severity::low,
                                        "IR 8547 deprecates keys with 112 bits of security after 2030.", std::string(kPostQuantum)));
    out.match.key_types = std::move(types);
    out.match.size_below = below;
    out.from = date(2031, 1, 1);
    out.until = date(2036, 1, 1);
  };
  at_112_bits(kFiniteField, 3072);
  at_112_bits({"EC"}, 256);
  auto& announced = rules.emplace_back(
      rule("nist-ir-8547-announced", Severity::info, "IR 8547 disallows this algorithm after 2035.", std::string(kPostQuantum)));
  announced.match.key_types = kQuantumVulnerable;
  announced.until = date(2036, 1, 1);
  auto& disallowed = rules.emplace_back(
      rule("nist-ir-8547-disallowed", Severity::high, "IR 8547 has disallowed this algorithm since 2036.", std::string(kPostQuantum)));
  disallowed.match.key_types = kQuantumVulnerable;
  disallowed.from = date(2036, 1, 1);
  return rules;
}

/// CNSA 2.0: ML-KEM-1024, ML-DSA-87, LMS, XMSS, AES-256, SHA-384 and SHA-512; new acquisitions from 2027 on.
std::vector<PolicyRule> cnsa_2() {
  std::vector<PolicyRule> rules = sp_800_131a();
  auto& now = rules.emplace_back(rule("cnsa-2.0-algorithm", Severity::low,
                                      "CNSA 2.0 does not include this algorithm; new systems must not need it from 2027 on.",
                                      std::string(kPostQuantum)));
  now.match.key_types = kQuantumVulnerable;
  now.until = date(2027, 1, 1);
  auto& later = rules.emplace_back(rule("cnsa-2.0-algorithm", Severity::medium,
                                        "CNSA 2.0 does not include this algorithm; new systems must not need it since 2027.",
                                        std::string(kPostQuantum)));
  later.match.key_types = kQuantumVulnerable;
  later.from = date(2027, 1, 1);
  auto& hash = rules.emplace_back(
      rule("cnsa-2.0-signature-hash", Severity::low, "CNSA 2.0 allows only SHA-384 and SHA-512.", "Reissue it with SHA-384 or SHA-512."));
  hash.match.signature_hashes = {"MD2", "MD4", "MD5", "SHA1", "SHA224", "SHA256", "SHA512-256", "SHA512-224"};
  return rules;
}

using MakeRules = std::vector<PolicyRule> (*)();
constexpr std::array<std::pair<std::string_view, MakeRules>, 4> kBuiltin{{
    {"nist-800-131a", &sp_800_131a},
    {"nist-ir-8547", &ir_8547},
    {"cnsa-2.0", &cnsa_2},
    {"none", nullptr},
}};

}  // namespace

bool PolicyMatch::empty() const {
  return types.empty() && key_types.empty() && !size_below && curves.empty() && signature_hashes.empty() && !expires_within_days &&
         weaknesses.empty();
}

bool PolicyMatch::met_by(const Finding& finding, SystemTime today) const {
  if (empty() || (!public_roots && assets::is_public_root(finding))) return false;
  if (!types.empty() && std::ranges::find(types, finding.type) == types.end()) return false;
  const assets::KeyKind key = assets::key_kind_of(finding);
  if (!key_types.empty() && !names(key_types, key.type)) return false;
  if (size_below && (key.size_bits == 0 || key.size_bits >= *size_below)) return false;
  if (!curves.empty() && !names(curves, key.curve)) return false;
  if (!signature_hashes.empty() && !names(signature_hashes, assets::signature_of(finding).hash)) return false;
  if (!weaknesses.empty() && !any_named(weaknesses, assets::weaknesses_of(finding))) return false;
  if (!expires_within_days) return true;
  const auto end = assets::lifetime_of(finding).end();
  return end && *end - today < days(*expires_within_days);
}

std::optional<Policy> Policy::builtin(std::string_view name) {
  const auto found = std::ranges::find(kBuiltin, name, [](const auto& entry) { return entry.first; });
  if (found == kBuiltin.end()) return std::nullopt;
  Policy policy;
  policy.name = name;
  policy.quantum = found->second != nullptr;
  if (found->second != nullptr) policy.rules = found->second();
  return policy;
}

std::vector<std::string> Policy::builtin_names() {
  std::vector<std::string> out;
  for (const auto& [name, rules] : kBuiltin) out.emplace_back(name);
  return out;
}

Policy Policy::standard() { return *builtin("nist-800-131a"); }

bool quantum_vulnerable(std::string_view key_type) { return names(kQuantumVulnerable, key_type); }

}  // namespace landwaiter
