// SPDX-License-Identifier: Apache-2.0
#include "core/report/layer_report_text.hpp"

#include "core/base/json_reader.hpp"

#include <utility>

namespace landwaiter {

using nlohmann::json;

std::string to_text(const LayerReport& report) {
  LayerReport head;
  head.layer = report.layer;
  head.of = report.of;
  head.packages = report.packages;
  head.distribution = report.distribution;
  head.diagnostics = report.diagnostics;
  std::string text = dump_json(head);
  // Members are in the order of their names; inside of texts before this one, quotation marks are escaped.
  const std::string_view empty = R"("findings":[])";
  const std::size_t at = text.find(empty) + empty.size() - 1;
  const std::string rest = text.substr(at);
  text.resize(at);
  for (const Finding& finding : report.findings) {
    if (&finding != &report.findings.front()) text += ',';
    text += dump_json(finding);
  }
  return text += rest;
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
