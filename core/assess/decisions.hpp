// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace landwaiter {

/// Somebody decided to accept findings. Of what to accept, at least one part is set; all that are must match.
struct Decision {
  std::string id{};                   ///< of a finding
  std::optional<FindingType> type{};  ///< of findings
  std::string issue{};                ///< a code: only this issue is accepted, whatever else is wrong with the finding
  std::string path{};                 ///< where: a glob (core/base/glob.hpp) over an occurrence's path, or place in a document
  std::string image{};                ///< a glob over the reference
  std::string reason{};
  std::optional<SystemTime> until{};  ///< from then on it does not count
  std::string origin{};               ///< where it is written, as "FILE:LINE"
};

/// An earlier report: what it has is known, and accepted. By id, issue and place; digest, tag and layer do not matter, so that a rebuilt
/// image has what the one before had.
class Baseline {
 public:
  explicit Baseline(std::string name) : name_(std::move(name)) {}

  /// Of a report that was assessed. What a decision accepted in it is left out: the decision may end.
  void add(const Finding& finding);
  bool has(const Finding& finding, const Occurrence& place, const std::string& issue) const;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::unordered_set<std::string> known_;  ///< hashes
};

/// What was accepted of a report.
struct AcceptedCounts {
  std::uint64_t by_decision = 0;
  std::uint64_t by_baseline = 0;
};

/// The decisions of one command or platform, in the order in which they are written.
class Decisions {
 public:
  Decisions() = default;
  Decisions(std::vector<Decision> decisions, std::optional<Baseline> baseline);

  /// Marks what is accepted in an image that was assessed. An issue is accepted when a decision or the baseline accepts it at each place of
  /// the finding; it gets `accepted` (a reason, who, until). A finding whose issues are all accepted, or that has none and is accepted
  /// itself, gets the attribute `accepted`; one with some of them keeps the severity of the rest. Reads no clock.
  AcceptedCounts apply(ImageReport& image, SystemTime today);

  /// Those that count and matched nothing so far: misspelled, or no longer needed.
  std::vector<const Decision*> unused(SystemTime today) const;
  /// Those that no longer count.
  std::vector<const Decision*> ended(SystemTime today) const;

 private:
  struct Match;
  Match accepts(const Finding& finding, const std::string& issue, const ImageReport& image, SystemTime today);

  std::vector<Decision> decisions_;
  std::vector<bool> used_;
  std::optional<Baseline> baseline_;
};

/// Whether the finding as a whole is accepted: it still is in the report, but no gate and no count of severities has it.
bool is_accepted(const Finding& finding);

}  // namespace landwaiter
