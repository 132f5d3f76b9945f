// SPDX-License-Identifier: Apache-2.0
#include "core/report/layer_report_text.hpp"

#include "core/base/json_reader.hpp"

#include <utility>

namespace landwaiter {

using nlohmann::json;

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
