// SPDX-License-Identifier: Apache-2.0
#include "core/report/layer_report_text.hpp"

#include "core/base/limits.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace landwaiter {

using nlohmann::json;

namespace {

/// Everything but the lists of findings and packages: diagnostics with all their names, and some single values.
constexpr std::size_t kHeadNodes = limits::diagnostics_per_layer_max * (8 + limits::archive_depth_max) + 100;

std::size_t nodes_of(const std::vector<Occurrence>& places) {
  return std::accumulate(places.begin(), places.end(), std::size_t{1},
                         [](std::size_t sum, const Occurrence& place) { return sum + 6 + place.archive.size() + (place.line ? 1 : 0); });
}
std::size_t nodes_of(const Finding& finding) { return 6 + count_nodes(finding.attributes) + nodes_of(finding.occurrences); }
std::size_t nodes_of(const Package& package) { return 10 + package.licenses.size() + nodes_of(package.occurrences); }

/// The first of a list that there is no room for.
template <class T>
typename std::vector<T>::iterator first_without_room(std::vector<T>& list, std::size_t& left) {
  return std::ranges::find_if(list, [&](const T& item) {
    const std::size_t nodes = nodes_of(item);
    if (nodes > left) return true;
    left -= nodes;
    return false;
  });
}

}  // namespace

bool fit_to_read(LayerReport& report, std::size_t nodes_max) {
  std::size_t left = nodes_max - std::min(nodes_max, kHeadNodes);
  const auto finding = first_without_room(report.findings, left);
  const auto package = first_without_room(report.packages, left);
  const bool cut = finding != report.findings.end() || package != report.packages.end();
  report.findings.erase(finding, report.findings.end());
  report.packages.erase(package, report.packages.end());
  return cut;
}

AroundFindings around_findings(std::string text, std::string_view member) {
  const std::size_t list = text.find(std::string(member) + "[]") + member.size();
  AroundFindings around{.before = {}, .after = text.substr(list + 2)};
  text.resize(list);
  around.before = std::move(text);
  return around;
}

std::string to_text(const LayerReport& report) {
  auto [text, after] = around_findings(dump_json(head_of(report)), R"("findings":)");
  text += '[';
  for (const Finding& finding : report.findings) {
    if (&finding != &report.findings.front()) text += ',';
    text += dump_json(finding);
  }
  return (text += ']') += after;
}

Result<LayerReport> parse_layer_report(std::string_view text, std::string_view what) {
  auto document = parse_json(text, what, kJsonReport);
  if (!document) return document.error();
  json findings;
  auto read = read_json_fields(what, [&] { findings = std::exchange(document->at("findings"), json::array()); });
  if (!read) return read.error();
  auto report = convert_json<LayerReport>(*document, what);
  if (!report) return report;
  document = json();
  read = read_json_fields(what, [&] {
    for (json& finding : findings.get_ref<json::array_t&>()) report->findings.push_back(std::exchange(finding, json()).get<Finding>());
  });
  if (!read) return read.error();
  return report;
}

}  // namespace landwaiter
