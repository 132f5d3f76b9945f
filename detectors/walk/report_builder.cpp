// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/report_builder.hpp"

#include "core/report/layer_report_text.hpp"
#include "core/report/memory.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// What a name in a list of hidden paths takes, and a hard link in its two maps, beside the text.
constexpr std::uint64_t kNameBytes = 6 * sizeof(std::string);
constexpr std::uint64_t kLinkBytes = 320;
/// A written path, when it is written into the report as text.
constexpr std::uint64_t kWrittenBytes = 16;

std::uint64_t memory_of(const Place& place) {
  Occurrence there;
  there.path = place.path;
  there.archive = place.archive;
  return landwaiter::memory_of(there);
}

void set_place(Occurrence& occurrence, const Place& place) {
  occurrence.path = place.path;
  occurrence.archive = place.archive;
}

using Names = std::map<std::string_view, std::vector<std::string_view>>;

/// What was found in the first name of a file, for its other names. `room` says whether the report takes one more place of an item.
template <class Item, class Room>
void copy_to_links(std::vector<Item>& items, const Names& names, Room room) {
  for (Item& item : items) {
    const std::size_t count = item.occurrences.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto links = names.find(item.occurrences[i].path);
      if (links == names.end()) continue;
      for (const std::string_view name : links->second) {
        Occurrence copy = item.occurrences[i];
        copy.path = name;
        if (!room(item, copy)) return;
        item.occurrences.push_back(std::move(copy));
      }
    }
  }
}

}  // namespace

ReportBuilder::ReportBuilder(const ScanLimits& limits, std::span<const Analysis> wanted)
    : limits_(limits), wanted_(wanted.begin(), wanted.end()) {}

void ReportBuilder::diagnose(Diagnostics& into, Diagnostic diagnostic) const {
  std::uint64_t bytes = sizeof diagnostic + diagnostic.message.size() + diagnostic.path.size();
  for (const std::string& name : diagnostic.archive) bytes += sizeof name + name.size();
  // One is reserved for the line about those that were dropped.
  if (into.list.size() + 1 >= limits_.diagnostics_per_layer_max || into.bytes + bytes > limits::diagnostics_bytes_max) {
    into.left_out.add(diagnostic.effect);
    return;
  }
  into.bytes += bytes;
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

/// Always false, for callers to return.
bool ReportBuilder::no_memory(Diagnostics& into, bool& said, std::string_view what) const {
  once(into, said, no_memory_for(what).message());
  return false;
}

bool ReportBuilder::room_for_places(Section& section, std::uint64_t count) {
  if (section.occurrences + count > limits_.findings_per_layer_max) {
    once(section.diagnostics, section.findings_full,
         "more than " + std::to_string(limits_.findings_per_layer_max) +
             " occurrences in one layer (findings_per_layer_max): the rest is left out");
    return false;
  }
  section.occurrences += count;
  return true;
}

bool ReportBuilder::room_for_package(Section& section, const Package& package) {
  const std::uint64_t bytes = text_bytes(package);
  if (section.package_places >= limits_.packages_per_layer_max || section.package_bytes + bytes > limits::packages_bytes_max) {
    once(section.diagnostics, section.packages_full,
         "too many packages in one layer (packages_per_layer_max, packages_bytes_max): the rest is left out");
    return false;
  }
  ++section.package_places;
  section.package_bytes += bytes;
  return true;
}

void ReportBuilder::add_packages(Section& into, FileResults& found, const Place& place) {
  for (Package& package : found.packages) {
    if (!room_for_package(into, package)) break;
    found.hand_over(landwaiter::memory_of(package));
    for (Occurrence& occurrence : package.occurrences) set_place(occurrence, place);
    if (!memory_.keep(landwaiter::memory_of(package))) {
      no_memory(into.diagnostics, into.memory_full, "some of the packages are left out");
      break;
    }
    into.packages.push_back(std::move(package));
  }
  found.packages.clear();
}

/// With as many of its places as there is room for.
void ReportBuilder::add_finding(Section& into, Finding finding, const Place& place) {
  const std::uint64_t facts = memory_of_facts(finding);
  const std::uint64_t each = memory_of(place);
  const std::uint64_t left = memory_left();
  const std::uint64_t affordable = left < facts ? 0 : (left - facts) / each;
  const std::uint64_t allowed = limits_.findings_per_layer_max - into.occurrences;
  const std::size_t count = std::min<std::uint64_t>({finding.occurrences.size(), affordable, allowed});
  if (count < finding.occurrences.size()) {
    if (affordable < allowed) no_memory(into.diagnostics, into.memory_full, "some of the findings or their places are left out");
    else (void)room_for_places(into, finding.occurrences.size());
    if (count == 0) return;
    finding.occurrences.resize(count);
  }
  (void)room_for_places(into, count);
  for (Occurrence& occurrence : finding.occurrences) set_place(occurrence, place);
  settle_id_of_place(finding);
  const std::size_t at = into.index.add(into.findings, std::move(finding), memory_);
  into.added.resize(into.findings.size());
  if (at < into.findings.size()) into.added[at] = ++into.additions;
}

void ReportBuilder::add(Analysis analysis, FileResults& found, const Place& place) {
  Section& into = section(analysis);
  for (Finding& finding : found.findings) {
    found.hand_over(landwaiter::memory_of(finding));
    add_finding(into, std::move(finding), place);
  }
  found.findings.clear();
  add_packages(into, found, place);
  if (found.distribution) {
    set_place(found.distribution->where, place);
    prefer(into.distribution, *std::exchange(found.distribution, std::nullopt));
  }
  for (Diagnostic& diagnostic : found.diagnostics) {
    diagnostic.path = place.path;
    diagnostic.archive = place.archive;
    diagnose(into.diagnostics, std::move(diagnostic));
  }
  found.clear();
}

void ReportBuilder::add_written(std::string_view path, bool is_directory) {
  if (written_full_) return;
  if (!memory_.keep(kWrittenBytes) || !facts_.written.make_room(written_memory_)) {
    no_memory(walk_diagnostics_, written_full_, "some of its paths are left out, so assets that it overwrites may be shown as present");
    return;
  }
  facts_.written.add(path, is_directory);
}

void ReportBuilder::add_hidden(std::vector<std::string>& list, const std::string& path) {
  const std::size_t count = facts_.whiteouts.size() + facts_.opaque_directories.size();
  constexpr std::string_view kLost = "some deleted assets will be shown as present";
  if (count >= limits_.whiteouts_max)
    return once(walk_diagnostics_, hidden_full_, "too many whiteouts (whiteouts_max): " + std::string(kLost));
  if (!memory_.keep(kNameBytes + 2 * landwaiter::memory_of(path))) {
    no_memory(walk_diagnostics_, hidden_full_, kLost);
    return;
  }
  list.push_back(path);
}

void ReportBuilder::add_hard_link(const std::string& target, const std::string& name) {
  const auto known = hard_links_.find(target);
  const std::string& first = known == hard_links_.end() ? target : known->second;
  if (first == name) return;
  constexpr std::string_view kLost = "assets are not listed under all their names";
  if (hard_links_.size() >= limits_.hard_links_max) {
    return once(walk_diagnostics_, hard_links_full_, "too many hard links (hard_links_max): " + std::string(kLost));
  }
  if (!memory_.keep(kLinkBytes + landwaiter::memory_of(first) + landwaiter::memory_of(name))) {
    no_memory(walk_diagnostics_, hard_links_full_, kLost);
    return;
  }
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
    mark.findings[i] = sections_[i].additions;
    mark.packages[i] = sections_[i].packages.size();
  }
  return mark;
}

void ReportBuilder::drop_known(Analysis analysis, FileResults& found, const Mark& mark) const {
  const Section& has = sections_[index_of(analysis)];
  std::erase_if(found.findings, [&](const Finding& finding) {
    bool known = false;
    has.index.each(finding.type, finding.id, [&](std::size_t at) { known = known || has.added[at] > mark.findings[index_of(analysis)]; });
    if (known) found.hand_over(landwaiter::memory_of(finding));
    return known;
  });
  if (!found.packages.empty()) {
    std::set<PackageIdentity> known;
    for (std::size_t i = mark.packages[index_of(analysis)]; i < has.packages.size(); ++i) known.insert(identity(has.packages[i]));
    std::erase_if(found.packages, [&](const Package& package) { return known.contains(identity(package)); });
  }
}

void ReportBuilder::copy_to_hard_links(Section& section) {
  if (hard_links_.empty()) return;
  Names names;
  for (const auto& [name, target] : hard_links_) names[target].push_back(name);
  const auto memory = [&](const Occurrence& copy) {
    return memory_.keep(landwaiter::memory_of(copy)) ||
           no_memory(section.diagnostics, section.memory_full, "some of the findings or their places are left out");
  };
  copy_to_links(section.findings, names,
                [&](const Finding&, const Occurrence& copy) { return room_for_places(section, 1) && memory(copy); });
  copy_to_links(section.packages, names,
                [&](const Package& package, const Occurrence& copy) { return room_for_package(section, package) && memory(copy); });
}

std::vector<Diagnostic> ReportBuilder::finish(Diagnostics& diagnostics) {
  std::vector<Diagnostic> list = std::move(diagnostics.list);
  std::ranges::sort(list);
  const auto duplicates = std::ranges::unique(list);
  list.erase(duplicates.begin(), duplicates.end());
  if (diagnostics.left_out.count > 0) list.push_back(diagnostics.left_out.line());
  return list;
}

/// Those to what another layer holds, which composing finds. Unpackers of images rarely make any; facts are one message.
void ReportBuilder::keep_links() {
  constexpr std::size_t kLinksMax = 20'000, kBytesMax = 4 * limits::MiB;
  std::size_t bytes = 0;
  for (const auto& [name, target] : hard_links_) {
    if (facts_.written.contains(target, false)) continue;
    bytes += name.size() + target.size();
    if (facts_.links.size() == kLinksMax || bytes > kBytesMax) {
      return once(walk_diagnostics_, hard_links_full_, "too many hard links to lower layers: assets are not listed under all their names");
    }
    facts_.links.push_back({name, target});
  }
}

ScannedLayer ReportBuilder::finish() {
  ScannedLayer layer;
  for (const Analysis analysis : wanted_) {
    Section& from = section(analysis);
    from.index.clear();
    copy_to_hard_links(from);
    normalize(from.findings);
    normalize(from.packages);
    LayerReport& report = layer.reports.emplace_back();
    report.of.analysis = analysis;
    report.findings = std::move(from.findings);
    report.packages = std::move(from.packages);
    report.distribution = std::move(from.distribution);
    bool said = false;
    if (fit_to_read(report)) once(from.diagnostics, said, "its report would be too long to be read again: the rest is left out");
    report.diagnostics = finish(from.diagnostics);
  }
  for (auto* list : {&facts_.whiteouts, &facts_.opaque_directories}) {
    std::ranges::sort(*list);
    const auto same = std::ranges::unique(*list);
    list->erase(same.begin(), same.end());
  }
  facts_.written.seal();
  keep_links();
  facts_.diagnostics = finish(walk_diagnostics_);
  layer.facts = std::move(facts_);
  return layer;
}

}  // namespace landwaiter::detectors
