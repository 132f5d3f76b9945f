// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/blocklist.hpp"
#include "core/assess/policy.hpp"
#include "core/assess/shared_primes.hpp"
#include "core/assess/weaknesses.hpp"
#include "core/report/report.hpp"

#include <span>
#include <vector>

namespace landwaiter {

/// What findings are judged by. A null pointer turns that check off.
struct AssessContext {
  const Policy* policy = nullptr;
  SystemTime today;
  const Blocklist* blocklist = nullptr;
  const SharedPrimes* shared_primes = nullptr;
};

/// Says of each finding of a composed image what is wrong with it: sets the attribute `issues` (a list of Issue, worst first, then by
/// code) and raises `severity` to the worst of them, but for a distribution's own keyrings, which are info; links certificates
/// (core/assess/chains.hpp); sorts for people. Reads no clock. May be called again on what it made. A finding of at least low severity has
/// an issue that says why.
void assess(ImageReport& image, const AssessContext& context);

/// The part that depends on no date, policy or image: the issues of its weaknesses. For lists of findings of many images.
void assess_weaknesses(Finding& finding);

/// The severity from the finding's weaknesses alone, independent of date, policy and image, so a database can sort by it.
Severity severity_with_weaknesses(const Finding& finding);

/// Drops attributes that only assessing needs (`modulus`): for reports that people and programs get.
void drop_working_attributes(ImageReport& image);
void drop_working_attributes(nlohmann::json& attributes);

struct AssessOutcome {
  std::size_t moduli_left_out = 0;  ///< more RSA keys than can be compared for shared primes
};

/// Assesses all images of one command: searches shared primes across all of them, and drops working attributes.
AssessOutcome assess_all(std::span<ImageReport> images, const Policy& policy, SystemTime today, const Blocklist* blocklist);

/// Worst first, then by code and reason; each once.
void sort_issues(std::vector<Issue>& issues);

/// The issues that assess() left in the attributes; malformed ones are skipped.
std::vector<Issue> issues_of(const Finding& finding);

/// The codes of assess() itself: "expired", "key-with-certificate", ...
struct IssueHelp {
  std::string_view code;
  std::string_view text;    ///< one sentence, for rules in exports
  Severity severity;        ///< the worst that it may have
  std::string_view remedy;  ///< what helps, unless the case at hand asks for something else
};
std::span<const IssueHelp> assess_issue_help();

}  // namespace landwaiter
