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

void set_place(Occurrence& occurrence, const Place& place) {
  occurrence.path = place.path;
  occurrence.archive = place.archive;
}

/// What was found in the first name of a file, for its other names. Each item has one occurrence; the copies are appended at the end,
/// as they would invalidate the views. `room` says whether the report takes one more.
template <class Item, class Room>
void copy_to_links(std::vector<Item>& items, const std::map<std::string, std::string, std::less<>>& links, Room room) {
  std::map<std::string_view, std::vector<Item*>> by_path;
  for (Item& item : items) by_path[item.occurrences.front().path].push_back(&item);
  std::vector<std::pair<Item*, Occurrence>> copies;
  for (const auto& [name, target] : links) {
    const auto found = by_path.find(target);
    if (found == by_path.end()) continue;
    for (Item* item : found->second) {
      Occurrence copy = item->occurrences.front();
      copy.path = name;
      if (!room(*item, Place{copy.path, copy.archive})) break;
      copies.emplace_back(item, std::move(copy));
    }
  }
  for (auto& [item, copy] : copies) item->occurrences.push_back(std::move(copy));
}

}  // namespace

ReportBuilder::ReportBuilder(const ScanLimits& limits, std::span<const Analysis> wanted)
    : limits_(limits), wanted_(wanted.begin(), wanted.end()) {}

void ReportBuilder::diagnose(Diagnostics& into, Diagnostic diagnostic) const {
  // One is reserved for the line about those that were dropped.
  if (into.list.size() + 1 >= limits_.diagnostics_per_layer_max) {
    into.left_out.add(diagnostic.effect);
    return;
  }
  into.list.push_back(std::move(diagnostic));
}

void ReportBuilder::diagnose(ErrorCode code, std::string message, const Place& place, Effect effect) {
  diagnose(walk_diagnostics_,
           {.code = code, .message = std::move(message), .path = place.path, .archive = place.archive, .layer = {}, .effect = effect});
}

/// A diagnostic about the layer, only the first time.
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

bool ReportBuilder::room_for_package(Section& section, const Package& package, const Place& place) {
  const std::uint64_t bytes = text_bytes(package) + bytes_of(place);
  if (section.package_places >= limits_.packages_per_layer_max || section.package_bytes + bytes > limits::packages_bytes_max) {
    once(section.diagnostics, section.packages_full,
         "too many packages in one layer (packages_per_layer_max, packages_bytes_max): the rest is left out");
    return false;
  }
  ++section.package_places;
  section.package_bytes += bytes;
  return true;
}

void ReportBuilder::add_packages(Section& into, std::vector<Package>& packages, const Place& place) {
  for (Package& package : packages) {
    if (!room_for_package(into, package, place)) break;
    for (Occurrence& occurrence : package.occurrences) set_place(occurrence, place);
    into.packages.push_back(std::move(package));
  }
  packages.clear();
}

void ReportBuilder::add(Analysis analysis, FileResults& found, const Place& place) {
  Section& into = section(analysis);
  for (Finding& finding : found.findings) {
    if (!room_for_place(into, place)) break;
    for (Occurrence& occurrence : finding.occurrences) set_place(occurrence, place);
    into.findings.push_back(std::move(finding));
  }
  found.findings.clear();
  add_packages(into, found.packages, place);
  if (found.distribution) {
    set_place(found.distribution->where, place);
    prefer(into.distribution, *std::exchange(found.distribution, std::nullopt));
  }
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
  Mark mark;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    mark.findings[i] = sections_[i].findings.size();
    mark.packages[i] = sections_[i].packages.size();
  }
  return mark;
}

void ReportBuilder::drop_known(Analysis analysis, FileResults& found, const Mark& mark) const {
  const Section& has = sections_[index_of(analysis)];
  if (!found.findings.empty()) {
    std::set<std::pair<FindingType, std::string>> known;
    for (std::size_t i = mark.findings[index_of(analysis)]; i < has.findings.size(); ++i) {
      known.emplace(has.findings[i].type, has.findings[i].id);
    }
    std::erase_if(found.findings, [&](const Finding& finding) { return known.contains({finding.type, finding.id}); });
  }
  if (!found.packages.empty()) {
    std::set<PackageIdentity> known;
    for (std::size_t i = mark.packages[index_of(analysis)]; i < has.packages.size(); ++i) known.insert(identity(has.packages[i]));
    std::erase_if(found.packages, [&](const Package& package) { return known.contains(identity(package)); });
  }
}

void ReportBuilder::copy_to_hard_links(Section& section) {
  if (hard_links_.empty()) return;
  copy_to_links(section.findings, hard_links_, [&](const Finding&, const Place& place) { return room_for_place(section, place); });
  copy_to_links(section.packages, hard_links_,
                [&](const Package& package, const Place& place) { return room_for_package(section, package, place); });
}

std::vector<Diagnostic> ReportBuilder::finish(Diagnostics& diagnostics) {
  std::vector<Diagnostic> list = std::move(diagnostics.list);
  std::ranges::sort(list);
  const auto duplicates = std::ranges::unique(list);
  list.erase(duplicates.begin(), duplicates.end());
  if (diagnostics.left_out.count > 0) list.push_back(diagnostics.left_out.line());
  return list;
}

ScannedLayer ReportBuilder::finish() {
  ScannedLayer layer;
  for (const Analysis analysis : wanted_) {
    Section& from = section(analysis);
    copy_to_hard_links(from);
    normalize(from.findings);
    normalize(from.packages);
    LayerReport& report = layer.reports.emplace_back();
    report.of.analysis = analysis;
    report.findings = std::move(from.findings);
    report.packages = std::move(from.packages);
    report.distribution = std::move(from.distribution);
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
