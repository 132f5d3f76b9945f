// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.hpp"

#include "core/base/json.hpp"
#include "core/report/attribute_names.hpp"
#include "core/report/attributes.hpp"
#include "core/report/coverage.hpp"
#include "core/report/layer_report_text.hpp"
#include "core/report/path_set.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace landwaiter {

using nlohmann::json;

ScanStats& ScanStats::operator+=(const ScanStats& other) {
  compressed_bytes += other.compressed_bytes;
  expanded_bytes += other.expanded_bytes;
  files += other.files;
  archives += other.archives;
  nested_files += other.nested_files;
  nested_bytes += other.nested_bytes;
  return *this;
}

namespace {

Digest digest_at(const json& in, const char* field) {
  auto digest = Digest::parse(in.at(field).get<std::string>());
  if (!digest) throw json::other_error::create(501, std::string(field) + ": " + digest.error().message(), nullptr);
  return *digest;
}

Analysis analysis_at(const json& in, const char* field) {
  const auto name = in.at(field).get<std::string>();
  const auto analysis = analysis_from(name);
  if (!analysis) throw json::other_error::create(501, "unknown analysis \"" + name.substr(0, 40) + '"', nullptr);
  return *analysis;
}

PathSet path_set_at(const json& in, const char* field) {
  auto set = PathSet::decode(in.at(field).get<std::string>());
  if (!set) throw json::other_error::create(501, set.error().message(), nullptr);
  return *std::move(set);
}

json digests_to_json(const std::vector<Digest>& digests) {
  json out = json::array();
  for (const Digest& digest : digests) out.push_back(digest.str());
  return out;
}

}  // namespace

void to_json(json& out, const ScanStats& value) {
  out = json{{"compressed_bytes", value.compressed_bytes},
             {"expanded_bytes", value.expanded_bytes},
             {"files", value.files},
             {"archives", value.archives},
             {"nested_files", value.nested_files},
             {"nested_bytes", value.nested_bytes}};
}

void from_json(const json& in, ScanStats& value) {
  read_count(in, "compressed_bytes", value.compressed_bytes);
  read_count(in, "expanded_bytes", value.expanded_bytes);
  read_count(in, "files", value.files);
  read_count(in, "archives", value.archives);
  read_count(in, "nested_files", value.nested_files);
  read_count(in, "nested_bytes", value.nested_bytes);
}

void to_json(json& out, const LayerFacts& value) {
  out = json{{"layer", value.layer.str()},        {"walker", value.walker.str()},
             {"whiteouts", value.whiteouts},      {"opaque_directories", value.opaque_directories},
             {"written", value.written.encode()}, {"stats", value.stats},
             {"diagnostics", value.diagnostics}};
  for (const HardLink& link : value.links) out["links"].push_back({link.path, link.target});
}

void from_json(const json& in, LayerFacts& value) {
  value.layer = digest_at(in, "layer");
  value.walker = digest_at(in, "walker");
  in.at("whiteouts").get_to(value.whiteouts);
  in.at("opaque_directories").get_to(value.opaque_directories);
  value.written = path_set_at(in, "written");
  value.links.clear();
  for (const json& link : in.value("links", json::array()))
    value.links.push_back({link.at(0).get<std::string>(), link.at(1).get<std::string>()});
  in.at("stats").get_to(value.stats);
  in.at("diagnostics").get_to(value.diagnostics);
}

namespace {

/// Sections that a report need not have: most analyses have nothing to say in them.
template <class Report>
void write_sections(json& out, const Report& report) {
  if (!report.packages.empty()) out["packages"] = report.packages;
  if (report.distribution) out["distribution"] = *report.distribution;
}

template <class Report>
void read_sections(const json& in, Report& report) {
  report.packages.clear();
  report.distribution.reset();
  if (in.contains("packages")) report.packages = read_packages(in["packages"]);
  if (in.contains("distribution")) report.distribution = in["distribution"].get<Distribution>();
}

}  // namespace

json head_of(const LayerReport& report) {
  json out{{"layer", report.layer.str()},
           {"analysis", to_string(report.of.analysis)},
           {"state", report.of.state.str()},
           {"findings", json::array()},
           {"diagnostics", report.diagnostics}};
  write_sections(out, report);
  return out;
}

void to_json(json& out, const LayerReport& value) {
  out = head_of(value);
  out["findings"] = value.findings;
}

void from_json(const json& in, LayerReport& value) {
  value.layer = digest_at(in, "layer");
  value.of.analysis = analysis_at(in, "analysis");
  value.of.state = digest_at(in, "state");
  in.at("findings").get_to(value.findings);
  in.at("diagnostics").get_to(value.diagnostics);
  read_sections(in, value);
}

std::size_t ImageFacts::layer_number(const Digest& layer) const {
  for (std::size_t i = layers.size(); i > 0; --i) {
    if (layers[i - 1] == layer) return i;
  }
  return 0;
}

std::string ImageFacts::instruction_of(const Digest& layer) const {
  const std::size_t number = layer_number(layer);
  return number == 0 || created_by.size() != layers.size() ? std::string() : created_by[number - 1];
}

void to_json(json& out, const ImageFacts& value) {
  out = json{{"reference", value.reference}, {"digest", value.digest.str()},
             {"platform", value.platform},   {"layers", digests_to_json(value.layers)},
             {"created", value.created},     {"diagnostics", value.diagnostics},
             {"findings", value.findings},   {"documents_state", value.documents_state.str()}};
  if (!value.created_by.empty()) out["created_by"] = value.created_by;
}

void from_json(const json& in, ImageFacts& value) {
  in.at("reference").get_to(value.reference);
  value.digest = digest_at(in, "digest");
  in.at("platform").get_to(value.platform);
  value.layers.clear();
  for (const json& layer : in.at("layers")) value.layers.push_back(digest_at(json{{"layers", layer}}, "layers"));
  in.at("created").get_to(value.created);
  in.at("diagnostics").get_to(value.diagnostics);
  value.findings = in.value("findings", std::vector<Finding>());
  value.created_by = in.value("created_by", std::vector<std::string>());
  if (value.created_by.size() != value.layers.size()) value.created_by.clear();
  const std::string state = in.value("documents_state", "");
  value.documents_state = state.empty() ? Digest() : digest_at(in, "documents_state");
}

json head_of(const ImageReport& value) {
  json stale = json::array();
  for (const Analysis analysis : value.stale) stale.push_back(to_string(analysis));
  json stats = value.stats;
  stats["layers"] = value.facts.layers.size();
  stats["layers_fetched"] = value.layers_fetched;
  stats["layers_reused"] = value.layers_reused;
  json out{{"reference", value.facts.reference},
           {"digest", value.facts.digest.str()},
           {"platform", value.facts.platform},
           {"created", value.facts.created},
           {"states", states_to_json(value.states)},
           {"stale", std::move(stale)},
           {"layers", digests_to_json(value.facts.layers)},
           {"coverage", coverage_of(value)},
           {"findings", json::array()},
           {"diagnostics", value.diagnostics},
           {"stats", std::move(stats)}};
  if (!value.facts.created_by.empty()) out["created_by"] = value.facts.created_by;
  write_sections(out, value);
  return out;
}

void to_json(json& out, const ImageReport& value) {
  out = head_of(value);
  out["findings"] = value.findings;
}

namespace {

/// Entries of `from` that `into` does not have, up to a bound: lists of weaknesses and evidence grow with every place.
void join_lists(json& into, const json& from) {
  constexpr std::size_t kEntriesMax = 100;
  for (const json& entry : from) {
    if (into.size() < kEntriesMax && std::ranges::find(into, entry) == into.end()) into.push_back(entry);
  }
}

}  // namespace

void join_attributes(json& into, const json& from) {
  if (!into.is_object() || !from.is_object()) return;
  // How another copy is protected says nothing of one in clear.
  const bool in_clear = !flag_attribute(into, attribute::encrypted) && flag_attribute(from, attribute::encrypted);
  for (const auto& [name, value] : from.items()) {
    if (in_clear && (name == attribute::encryption || name == attribute::password)) continue;
    json& known = into[name];
    if (known.is_null()) known = value;
    else if ((name == attribute::weaknesses || name == attribute::evidence) && known.is_array() && value.is_array())
      join_lists(known, value);
  }
}

void normalize(std::vector<Finding>& findings) {
  // Of equal findings the worst wins: a key stored in clear anywhere is not "encrypted", even if everybody opens the other one.
  std::ranges::stable_sort(findings, [](const Finding& a, const Finding& b) {
    const bool a_closed = flag_attribute(a.attributes, attribute::encrypted), b_closed = flag_attribute(b.attributes, attribute::encrypted);
    return std::tie(a.type, a.id, b.severity, a_closed) < std::tie(b.type, b.id, a.severity, b_closed);
  });
  std::vector<Finding> merged;
  for (Finding& finding : findings) {
    if (!merged.empty() && merged.back().type == finding.type && merged.back().id == finding.id) {
      auto& into = merged.back().occurrences;
      into.insert(into.end(), std::make_move_iterator(finding.occurrences.begin()), std::make_move_iterator(finding.occurrences.end()));
      join_attributes(merged.back().attributes, finding.attributes);
    } else {
      merged.push_back(std::move(finding));
    }
  }
  for (Finding& finding : merged) {
    std::ranges::sort(finding.occurrences);
    const auto duplicates = std::ranges::unique(finding.occurrences);
    finding.occurrences.erase(duplicates.begin(), duplicates.end());
  }
  findings = std::move(merged);
}

}  // namespace landwaiter
