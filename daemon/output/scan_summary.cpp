// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/scan_summary.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace landwaiter::daemon {
namespace {

constexpr std::size_t kShown = 10;

std::string line_of(const ImageReport& image, const Finding& finding) {
  std::string line = "  " + std::string(to_string(finding.severity)) + "  " + (finding.title.empty() ? finding.id : finding.title);
  if (!finding.occurrences.empty()) line += ", " + place_text(finding.occurrences.front());
  if (finding.occurrences.size() > 1) line += " and " + counted(finding.occurrences.size() - 1, "more place", "more places");
  return line + ", in " + image.facts.reference + "\n";
}

/// "4.0 s"
std::string seconds_text(std::chrono::milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

void append(std::string& list, const std::string& text) { list += (list.empty() ? "" : ", ") + text; }

}  // namespace

ScanSummary::ScanSummary(std::vector<FailRule> rules) {
  for (FailRule& rule : rules) rules_.push_back({std::move(rule)});
}

void ScanSummary::add(const ImageReport& image, const AcceptedCounts& accepted) {
  ++images_;
  accepted_.by_decision += accepted.by_decision;
  accepted_.by_baseline += accepted.by_baseline;
  const Coverage coverage = coverage_of(image);
  incomplete_ += coverage.state() == CoverageState::incomplete ? 1 : 0;
  not_opened_ += coverage.not_opened;
  for (const Finding& finding : image.findings) {
    if (!is_accepted(finding)) ++findings_[finding.severity];
  }
  for (Rule& each : rules_) {
    if (each.rule.coverage) {
      if (!each.rule.met_by(image)) continue;
      if (each.met++ < kShown) each.first.push_back("  " + image.facts.reference + ": " + coverage_text(coverage) + "\n");
      continue;
    }
    for (const Finding& finding : image.findings) {
      if (each.rule.met_by(finding) && each.met++ < kShown) each.first.push_back(line_of(image, finding));
    }
  }
}

bool ScanSummary::any_rule_met() const {
  return std::ranges::any_of(rules_, [](const Rule& each) { return each.met > 0; });
}

std::string ScanSummary::text(const std::string& written) const {
  constexpr std::array kWorstFirst{Severity::critical, Severity::high, Severity::medium, Severity::low, Severity::info};
  std::string found;
  for (const Severity severity : kWorstFirst) {
    const auto count = findings_.find(severity);
    if (count != findings_.end()) append(found, std::to_string(count->second) + " " + std::string(to_string(severity)));
  }
  std::string out = "landwaiter: " + (written.empty() ? "" : written + ": ") + counted(images_, "image", "images");
  const std::uint64_t accepted = accepted_.by_decision + accepted_.by_baseline;
  if (found.empty()) found = accepted > 0 ? "nothing but what is accepted" : "nothing found";
  out += ": " + found;
  if (accepted > 0) {
    std::string by;
    if (accepted_.by_decision > 0) append(by, std::to_string(accepted_.by_decision) + " by decisions");
    if (accepted_.by_baseline > 0) append(by, std::to_string(accepted_.by_baseline) + " by the baseline");
    out += "; " + std::to_string(accepted) + " accepted (" + by + ")";
  }
  if (incomplete_ > 0) out += "; " + counted(incomplete_, "image", "images") + " incomplete";
  if (not_opened_ > 0) out += "; " + counted(not_opened_, "file or object", "files or objects") + " not opened";
  if (failures_ > 0) out += "; " + counted(failures_, "image or registry", "images or registries") + " could not be read";
  if (time_) out += "; " + counted(layers_read_, "layer", "layers") + " read; " + seconds_text(*time_);
  out += "\n";
  if (moduli_left_out_ > 0) {
    out += "landwaiter: " + std::to_string(moduli_left_out_) + " RSA keys were not compared for shared primes: there are too many\n";
  }
  for (const Rule& each : rules_) {
    if (each.met == 0) continue;
    const std::string by = each.rule.coverage ? counted(each.met, "image", "images") : counted(each.met, "finding", "findings");
    out += "landwaiter: --fail-on " + each.rule.text + " is met by " + by + ":\n";
    for (const std::string& line : each.first) out += line;
    if (each.met > each.first.size()) out += "  ... and " + std::to_string(each.met - each.first.size()) + " more\n";
  }
  return out;
}

}  // namespace landwaiter::daemon
