// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/report_reader.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <tuple>
#include <utility>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;

bool is_plain(std::string_view text) {
  // printable() would also escape what it has escaped before.
  std::string without(text);
  std::ranges::replace(without, '\\', '/');
  return printable(without) == without;
}

/// In every text and name of the document, which is no deeper than its reader allows.
void make_printable(json& value) {
  if (auto* text = value.get_ptr<json::string_t*>(); text != nullptr) {
    if (!is_plain(*text)) *text = printable(*text);
  } else if (value.is_array()) {
    for (json& each : value) make_printable(each);
  } else if (value.is_object()) {
    json renamed = json::object();
    for (auto& [name, member] : value.items()) {
      make_printable(member);
      if (is_plain(name)) continue;
      renamed[printable(name)] = std::move(member);
    }
    if (renamed.empty()) return;
    std::erase_if(value.get_ref<json::object_t&>(), [](const auto& member) { return !is_plain(member.first); });
    value.update(renamed);
  }
}

ImageReport image_of(json& in) {
  ImageReport out;
  json facts = json::object();
  for (const char* name : {"reference", "digest", "platform", "layers", "created"}) facts[name] = in.at(name);
  if (in.contains("created_by")) facts["created_by"] = in["created_by"];
  facts["diagnostics"] = json::array();
  facts.get_to(out.facts);
  out.states = states_from_json(in, "states");
  for (json& finding : in.at("findings").get_ref<json::array_t&>()) out.findings.push_back(std::exchange(finding, nullptr).get<Finding>());
  in.at("diagnostics").get_to(out.diagnostics);
  if (in.contains("packages")) in["packages"].get_to(out.packages);
  if (in.contains("distribution")) out.distribution = in["distribution"].get<Distribution>();
  const json& stats = in.at("stats");
  stats.get_to(out.stats);
  out.layers_fetched = read_count(stats, "layers_fetched");
  out.layers_reused = read_count(stats, "layers_reused");
  return out;
}

FailedImage failure_of(const json& in) {
  const auto code = error_code_from(in.at("code").get<std::string>());
  return {in.at("reference").get<std::string>(), Error(code.value_or(ErrorCode::internal), in.at("message").get<std::string>())};
}

}  // namespace

Result<StoredReport> load_report(const std::string& file) {
  const bool standard_input = file == "-";
  const std::string name = standard_input ? "the report on standard input" : file;
  std::ifstream opened;
  if (!standard_input) opened.open(file, std::ios::binary);
  std::istream& in = standard_input ? std::cin : opened;
  std::string text;
  std::array<char, 1 << 16> piece{};
  while (in.read(piece.data(), piece.size()), in.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() <= kJsonReport.bytes) continue;
    return Error(ErrorCode::configuration, name + " is longer than a report may be (" + human_bytes(kJsonReport.bytes) + ")");
  }
  if (in.bad() || !in.eof()) return Error(ErrorCode::configuration, name + ": cannot be read");
  return read_report(text, name);
}

Result<StoredReport> read_report(std::string_view text, const std::string& name) {
  auto document = parse_json(text, name, kJsonReport);
  if (!document) return Error(ErrorCode::configuration, document.error().message());
  StoredReport out;
  auto read = read_json_fields(name, [&] {
    make_printable(*document);
    for (json& image : document->at("images").get_ref<json::array_t&>()) out.images.push_back(image_of(image));
    if (!document->contains("failures")) return;
    for (const json& failure : document->at("failures")) out.failures.push_back(failure_of(failure));
  });
  if (!read) {
    return Error(ErrorCode::configuration,
                 name + " is not a report of landwaiter scan --format json: " + std::string(read.error().message()));
  }
  std::ranges::stable_sort(out.images, [](const ImageReport& a, const ImageReport& b) {
    return std::tie(a.facts.reference, a.facts.digest) < std::tie(b.facts.reference, b.facts.digest);
  });
  return out;
}

}  // namespace landwaiter::daemon
