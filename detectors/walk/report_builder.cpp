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

ReportBuilder::ReportBuilder(const ScanLimits& limits, std::span<const Analysis> wanted)
    : limits_(limits), wanted_(wanted.begin(), wanted.end()) {}

void ReportBuilder::diagnose(Diagnostics& into, Diagnostic diagnostic) const {
  // One is kept free for the line about those that were dropped.
  if (into.list.size() + 1 >= limits_.diagnostics_per_layer_max) {
    ++into.dropped;
    return;
  }
  into.list.push_back(std::move(diagnostic));
}

void ReportBuilder::diagnose(ErrorCode code, std::string message, const Place& place) {
  diagnose(walk_diagnostics_, {.code = code, .message = std::move(message), .path = place.path, .archive = place.archive, .layer = {}});
}

/// A diagnostic about the layer, the first time only.
void ReportBuilder::once(Diagnostics& into, bool& said, const std::string& message) const {
  if (std::exchange(said, true)) return;
  diagnose(into, {.code = ErrorCode::limit_exceeded, .message = message, .path = {}, .archive = {}, .layer = {}});
}

bool ReportBuilder::room_for_place(Section& section, const Place& place) {
  if (section.occurrences >= limits_.findings_per_layer_max) {
    once(section.diagnostics, section.findings_full,
         "more than " + std::to_string(limits_.findings_per_layer_max) +
             " occurrences in one layer (findings_per_layer_max): the rest is left out");
    return false;
  }
  const std::uint64_t bytes = bytes_of(place);
  if (section.place_bytes + bytes > limits::finding_places_bytes_max) {
    once(section.diagnostics, section.places_full,
         "the paths of this layer's findings are too long (finding_places_bytes_max): the rest is left out");
    return false;
  }
  ++section.occurrences;
  section.place_bytes += bytes;
  return true;
}

void ReportBuilder::add(Analysis analysis, FileFindings& found, const Place& place) {
  Section& into = section(analysis);
  for (Finding& finding : found.findings) {
    if (!room_for_place(into, place)) break;
    for (Occurrence& occurrence : finding.occurrences) {
      occurrence.path = place.path;
      occurrence.archive = place.archive;
    }
    into.findings.push_back(std::move(finding));
  }
  found.findings.clear();
  for (Diagnostic& diagnostic : found.diagnostics) {
    diagnostic.path = place.path;
    diagnostic.archive = place.archive;
    diagnose(into.diagnostics, std::move(diagnostic));
  }
  found.diagnostics.clear();
}

void ReportBuilder::add_hidden(std::vector<std::string>& list, const std::string& path) {
  const std::size_t count = facts_.whiteouts.size() + facts_.opaque_directories.size();
  if (count >= limits_.whiteouts_max || hidden_bytes_ + path.size() > limits::whiteouts_bytes_max) {
    once(walk_diagnostics_, hidden_full_,
         "too many whiteouts (whiteouts_max, whiteouts_bytes_max): some deleted assets will be shown as present");
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
    once(walk_diagnostics_, hard_links_full_,
         "too many hard links (hard_links_max, hard_links_bytes_max): assets are not listed under all their names");
    return;
  }
  hard_link_bytes_ += bytes;
  hard_links_[name] = std::string(first);
}

std::size_t ReportBuilder::findings() const {
  std::size_t count = 0;
  for (const Section& section : sections_) count += section.findings.size();
  return count;
}

ReportBuilder::Mark ReportBuilder::mark() const {
  Mark mark{};
  for (std::size_t i = 0; i < mark.size(); ++i) mark[i] = sections_[i].findings.size();
  return mark;
}

std::set<std::pair<FindingType, std::string>> ReportBuilder::known_since(Analysis analysis, const Mark& mark) const {
  const auto& findings = sections_[index_of(analysis)].findings;
  std::set<std::pair<FindingType, std::string>> known;
  for (std::size_t i = mark[index_of(analysis)]; i < findings.size(); ++i) known.emplace(findings[i].type, findings[i].id);
  return known;
}

void ReportBuilder::copy_to_hard_links(Section& section) {
  if (hard_links_.empty()) return;
  std::map<std::string_view, std::vector<Finding*>> by_path;
  for (Finding& finding : section.findings) {
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
      if (!room_for_place(section, Place{copy.path, copy.archive})) break;
      copies.emplace_back(finding, std::move(copy));
    }
  }
  for (auto& [finding, copy] : copies) finding->occurrences.push_back(std::move(copy));
}

std::vector<Diagnostic> ReportBuilder::finish(Diagnostics& diagnostics) {
  std::vector<Diagnostic> list = std::move(diagnostics.list);
  std::ranges::sort(list);
  const auto doubles = std::ranges::unique(list);
  list.erase(doubles.begin(), doubles.end());
  if (diagnostics.dropped > 0) {
    list.push_back({.code = ErrorCode::limit_exceeded,
                    .message = std::to_string(diagnostics.dropped) + " more diagnostics are left out (diagnostics_per_layer_max)",
                    .path = {},
                    .archive = {},
                    .layer = {}});
  }
  return list;
}

ScannedLayer ReportBuilder::finish() {
  ScannedLayer layer;
  for (const Analysis analysis : wanted_) {
    Section& from = section(analysis);
    copy_to_hard_links(from);
    normalize(from.findings);
    LayerReport& report = layer.reports.emplace_back();
    report.of.analysis = analysis;
    report.findings = std::move(from.findings);
    report.diagnostics = finish(from.diagnostics);
  }
  for (auto* list : {&facts_.whiteouts, &facts_.opaque_directories}) {
    std::ranges::sort(*list);
    const auto same = std::ranges::unique(*list);
    list->erase(same.begin(), same.end());
  }
  facts_.written.seal();
  facts_.diagnostics = finish(walk_diagnostics_);
  layer.facts = std::move(facts_);
  return layer;
}

}  // namespace landwaiter::detectors
