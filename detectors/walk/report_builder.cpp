// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/report_builder.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

std::uint64_t bytes_of(const Place& place) {
  std::uint64_t bytes = place.path.size();
  for (const std::string& name : place.archive) bytes += name.size() + sizeof name;
  return bytes;
}

}  // namespace

/// A diagnostic about the layer, the first time only.
void ReportBuilder::once(bool& said, const std::string& message) {
  if (!std::exchange(said, true)) diagnose(ErrorCode::limit_exceeded, message, {});
}

bool ReportBuilder::room_for_place(const Place& place) {
  if (occurrences_ >= limits_.findings_per_layer_max) {
    once(findings_full_, "more than " + std::to_string(limits_.findings_per_layer_max) +
                             " occurrences in one layer (findings_per_layer_max): the rest is left out");
    return false;
  }
  const std::uint64_t bytes = bytes_of(place);
  if (place_bytes_ + bytes > limits::finding_places_bytes_max) {
    once(places_full_, "the paths of this layer's findings are too long (finding_places_bytes_max): the rest is left out");
    return false;
  }
  ++occurrences_;
  place_bytes_ += bytes;
  return true;
}

void ReportBuilder::add_findings(std::vector<Finding>& findings, const Place& place) {
  for (Finding& finding : findings) {
    if (!room_for_place(place)) break;
    for (Occurrence& occurrence : finding.occurrences) {
      occurrence.path = place.path;
      occurrence.archive = place.archive;
    }
    report_.findings.push_back(std::move(finding));
  }
  findings.clear();
}

void ReportBuilder::add_diagnostics(std::vector<Diagnostic>& diagnostics, const Place& place) {
  for (Diagnostic& diagnostic : diagnostics) diagnose(diagnostic.code, std::move(diagnostic.message), place);
  diagnostics.clear();
}

void ReportBuilder::diagnose(ErrorCode code, std::string message, const Place& place) {
  // One is kept free for the line about those that were dropped.
  if (report_.diagnostics.size() + 1 >= limits_.diagnostics_per_layer_max) {
    ++diagnostics_dropped_;
    return;
  }
  report_.diagnostics.push_back({.code = code, .message = std::move(message), .path = place.path, .archive = place.archive, .layer = {}});
}

void ReportBuilder::add_hidden(std::vector<std::string>& list, const std::string& path) {
  const std::size_t count = report_.whiteouts.size() + report_.opaque_directories.size();
  if (count >= limits_.whiteouts_max || hidden_bytes_ + path.size() > limits::whiteouts_bytes_max) {
    once(hidden_full_, "too many whiteouts (whiteouts_max, whiteouts_bytes_max): some deleted assets will be shown as present");
    return;
  }
  hidden_bytes_ += path.size();
  list.push_back(path);
}

void ReportBuilder::add_hard_link(const std::string& target, const std::string& name) {
  const auto known = hard_links_.find(target);
  const std::string& first = known == hard_links_.end() ? target : known->second;
  if (first == name) return;
  const std::uint64_t bytes = first.size() + name.size();
  if (hard_links_.size() >= limits_.hard_links_max || hard_link_bytes_ + bytes > limits::hard_links_bytes_max) {
    once(hard_links_full_, "too many hard links (hard_links_max, hard_links_bytes_max): assets are not listed under all their names");
    return;
  }
  hard_link_bytes_ += bytes;
  hard_links_[name] = std::string(first);
}

std::set<std::pair<FindingType, std::string>> ReportBuilder::known_since(std::size_t first) const {
  std::set<std::pair<FindingType, std::string>> known;
  for (std::size_t i = first; i < report_.findings.size(); ++i) known.emplace(report_.findings[i].type, report_.findings[i].id);
  return known;
}

void ReportBuilder::copy_to_hard_links() {
  if (hard_links_.empty()) return;
  std::map<std::string_view, std::vector<Finding*>> by_path;
  for (Finding& finding : report_.findings) {
    for (const Occurrence& occurrence : finding.occurrences) by_path[occurrence.path].push_back(&finding);
  }
  // Each finding has one occurrence here; the copies are appended afterwards, as they would invalidate the views.
  std::vector<std::pair<Finding*, Occurrence>> copies;
  for (const auto& [name, target] : hard_links_) {
    const auto found = by_path.find(target);
    if (found == by_path.end()) continue;
    for (Finding* finding : found->second) {
      Occurrence copy = finding->occurrences.front();
      copy.path = name;
      if (!room_for_place(Place{copy.path, copy.archive})) break;
      copies.emplace_back(finding, std::move(copy));
    }
  }
  for (auto& [finding, copy] : copies) finding->occurrences.push_back(std::move(copy));
}

LayerReport ReportBuilder::finish() {
  copy_to_hard_links();
  normalize(report_.findings);
  std::ranges::sort(report_.diagnostics);
  const auto doubles = std::ranges::unique(report_.diagnostics);
  report_.diagnostics.erase(doubles.begin(), doubles.end());
  if (diagnostics_dropped_ > 0) {
    report_.diagnostics.push_back(
        {.code = ErrorCode::limit_exceeded,
         .message = std::to_string(diagnostics_dropped_) + " more diagnostics are left out (diagnostics_per_layer_max)",
         .path = {},
         .archive = {},
         .layer = {}});
  }
  for (auto* list : {&report_.whiteouts, &report_.opaque_directories}) {
    std::ranges::sort(*list);
    const auto same = std::ranges::unique(*list);
    list->erase(same.begin(), same.end());
  }
  report_.written.seal();
  return std::move(report_);
}

}  // namespace landwaiter::detectors
