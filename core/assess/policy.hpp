// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// Which findings a rule applies to. Every member that is set must match; for a list, one entry is enough. A rule that sets none matches
/// nothing. Names are compared without case.
struct PolicyMatch {
  std::vector<FindingType> types;
  std::vector<std::string> key_types;                ///< attribute key_type: "RSA", "EC", "Ed25519"
  std::optional<std::uint64_t> size_below;           ///< attribute key_size_bits
  std::vector<std::string> curves;                   ///< attribute curve, OpenSSL's name
  std::vector<std::string> signature_hashes;         ///< attribute signature_hash: "SHA1"
  std::optional<std::uint64_t> expires_within_days;  ///< attribute not_after or expires; an expired one matches any value
  std::vector<std::string> weaknesses;               ///< attribute weaknesses
  bool public_roots = false;                         ///< also match authorities that browsers and operating systems trust

  bool empty() const;
  bool met_by(const Finding& finding, SystemTime today) const;
};

struct PolicyRule {
  std::string code;
  PolicyMatch match;
  Severity severity = Severity::medium;
  std::string reason;
  std::string remedy;
  std::optional<SystemTime> from;   ///< in force from this time on
  std::optional<SystemTime> until;  ///< and before this time

  bool in_force(SystemTime today) const { return (!from || today >= *from) && (!until || today < *until); }
};

/// Rules by which findings are judged in addition to their own weaknesses.
struct Policy {
  std::string name = "none";
  std::uint64_t expiry_warning_days = 30;
  bool quantum = true;  ///< report what a quantum computer could break, as information
  std::vector<PolicyRule> rules;

  /// "nist-800-131a", "nist-ir-8547", "cnsa-2.0", "none".
  static std::optional<Policy> builtin(std::string_view name);
  static std::vector<std::string> builtin_names();
  /// nist-800-131a.
  static Policy standard();
};

/// Whether Shor's algorithm breaks keys of this type: RSA, DSA, Diffie-Hellman and everything on elliptic curves.
bool quantum_vulnerable(std::string_view key_type);

}  // namespace landwaiter
