// SPDX-License-Identifier: Apache-2.0
#include "core/assess/decisions.hpp"

#include "core/assess/assess.hpp"
#include "core/base/glob.hpp"
#include "core/report/attribute_names.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter {
namespace {

/// For a decision that accepts the whole finding, and for findings without issues.
const std::string kWhole;

/// What makes one place of one finding the same in two reports.
std::string key_of(const Finding& finding, const Occurrence& place, const std::string& issue) {
  Hasher hasher(Digest::Algorithm::sha256);
  for (const std::string& part : {std::string(to_string(finding.type)), finding.id, place_text(place), issue})
    hasher.update(as_bytes(std::to_string(part.size()) + ":" + part));
  constexpr std::size_t kEnough = 32;  // characters, 128 bits
  return std::string(hasher.finish().hex().substr(0, kEnough));
}

bool matches(const Decision& decision, const Finding& finding, const std::string& issue, const ImageReport& image) {
  return (decision.id.empty() || decision.id == finding.id) && (!decision.type || *decision.type == finding.type) &&
         (decision.issue.empty() || decision.issue == issue) &&
         (decision.image.empty() || matches_glob(image.facts.reference, decision.image));
}

bool matches(const Decision& decision, const Occurrence& place) {
  if (decision.path.empty()) return true;
  const std::string text = place_text(place);
  return matches_glob(text, decision.path) || (place.where == Where::file && matches_glob(place.path, decision.path));
}

bool has_ended(const Decision& decision, SystemTime today) { return decision.until && *decision.until <= today; }

}  // namespace

void Baseline::add(const Finding& finding) {
  if (is_accepted(finding)) return;
  for (const Occurrence& place : finding.occurrences) {
    known_.insert(key_of(finding, place, kWhole));
    for (const Issue& issue : issues_of(finding)) {
      if (!issue.accepted) known_.insert(key_of(finding, place, issue.code));
    }
  }
}

bool Baseline::has(const Finding& finding, const Occurrence& place, const std::string& issue) const {
  return known_.contains(key_of(finding, place, issue));
}

/// Who accepts something at all of its places: decisions, the baseline, or both in part.
struct Decisions::Match {
  bool everywhere = false;
  const Decision* decision = nullptr;  ///< the first one

  Acceptance acceptance(const std::optional<Baseline>& baseline) const {
    if (decision == nullptr) return {"It was there before.", baseline->name()};
    return {decision->reason, decision->origin, decision->until ? to_rfc3339(*decision->until) : ""};
  }
};

Decisions::Decisions(std::vector<Decision> decisions, std::optional<Baseline> baseline)
    : decisions_(std::move(decisions)), used_(decisions_.size(), false), baseline_(std::move(baseline)) {}

Decisions::Match Decisions::accepts(const Finding& finding, const std::string& issue, const ImageReport& image, SystemTime today) {
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (matches(decisions_[i], finding, issue, image)) candidates.push_back(i);
  }
  Match match;
  match.everywhere = !finding.occurrences.empty();
  for (const Occurrence& place : finding.occurrences) {
    bool here = false;
    for (const std::size_t i : candidates) {
      if (!matches(decisions_[i], place)) continue;
      used_[i] = true;
      if (here || has_ended(decisions_[i], today)) continue;
      here = true;
      if (match.decision == nullptr) match.decision = &decisions_[i];
    }
    here = here || (baseline_ && baseline_->has(finding, place, issue));
    match.everywhere = match.everywhere && here;
  }
  return match;
}

AcceptedCounts Decisions::apply(ImageReport& image, SystemTime today) {
  AcceptedCounts counts;
  for (Finding& finding : image.findings) {
    std::vector<Issue> issues = issues_of(finding);
    Match whole;
    if (issues.empty()) whole = accepts(finding, kWhole, image, today);
    std::optional<Severity> left;
    for (Issue& issue : issues) {
      const Match match = accepts(finding, issue.code, image, today);
      if (match.everywhere) issue.accepted = match.acceptance(baseline_);
      else left = std::max(left.value_or(Severity::info), issue.severity);
      if (match.everywhere && whole.decision == nullptr) whole = match;
    }
    if (!whole.everywhere) continue;
    finding.attributes[attribute::issues] = std::move(issues);
    if (left) {
      finding.severity = *left;
      continue;
    }
    finding.attributes[attribute::accepted] = whole.acceptance(baseline_);
    ++(whole.decision != nullptr ? counts.by_decision : counts.by_baseline);
  }
  return counts;
}

std::vector<const Decision*> Decisions::unused(SystemTime today) const {
  std::vector<const Decision*> out;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (!used_[i] && !has_ended(decisions_[i], today)) out.push_back(&decisions_[i]);
  }
  return out;
}

std::vector<const Decision*> Decisions::ended(SystemTime today) const {
  std::vector<const Decision*> out;
  for (const Decision& decision : decisions_) {
    if (has_ended(decision, today)) out.push_back(&decision);
  }
  return out;
}

bool is_accepted(const Finding& finding) { return finding.attributes.is_object() && finding.attributes.contains(attribute::accepted); }

}  // namespace landwaiter
