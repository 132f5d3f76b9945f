// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// Which findings a rule is about. Members that are set must all be met, of a list one entry; a rule that sets none matches
/// nothing. Names compare without regard to case.
struct PolicyMatch {
  std::vector<FindingType> types;
  std::vector<std::string> key_types;                ///< attribute key_type: "RSA", "EC", "Ed25519"
  std::optional<std::uint64_t> size_below;           ///< attribute key_size_bits
  std::vector<std::string> curves;                   ///< attribute curve, in OpenSSL's words
  std::vector<std::string> signature_hashes;         ///< attribute signature_hash: "SHA1"
  std::optional<std::uint64_t> expires_within_days;  ///< attribute not_after or expires; what has expired is within any time
  std::vector<std::string> weaknesses;               ///< attribute weaknesses
  bool public_roots = false;                         ///< also the authorities that browsers and operating systems trust

  bool empty() const;
  bool met_by(const Finding& finding, SystemTime today) const;
};

struct PolicyRule {
  std::string code;
  PolicyMatch match;
  Severity severity = Severity::medium;
  std::string reason;
  std::string remedy;
  std::optional<SystemTime> from;   ///< in force from then on
  std::optional<SystemTime> until;  ///< and before then

  bool in_force(SystemTime today) const { return (!from || today >= *from) && (!until || today < *until); }
};

/// What is held against a finding beside its own weaknesses.
struct Policy {
  std::string name = "none";
  std::uint64_t expiry_warning_days = 30;
  bool quantum = true;  ///< name what a quantum computer would break, as information
  std::vector<PolicyRule> rules;

  /// "nist-800-131a", "nist-ir-8547", "cnsa-2.0", "none".
  static std::optional<Policy> builtin(std::string_view name);
  static std::vector<std::string> builtin_names();
  /// nist-800-131a.
  static Policy standard();
};

/// Whether Shor's algorithm breaks keys of this type: RSA, DSA, Diffie-Hellman and all on elliptic curves.
bool quantum_vulnerable(std::string_view key_type);

}  // namespace landwaiter
