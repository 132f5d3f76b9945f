// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/decisions_file.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/text.hpp"
#include "daemon/settings/yaml_file.hpp"

#include <utility>

namespace landwaiter::daemon {
namespace {

using namespace yaml;

constexpr std::size_t kDecisionsMax = 10'000;

Decision decision(const YAML::Node& node, const std::string& file) {
  Decision out;
  out.origin = file + ":" + std::to_string(node.Mark().line + 1);
  each_field(node, "a decision", [&](const std::string& key, const YAML::Node& value) {
    if (key == "id") out.id = scalar(value, key);
    else if (key == "type") out.type = type(value, key);
    else if (key == "issue") out.issue = scalar(value, key);
    else if (key == "path") out.path = scalar(value, key);
    else if (key == "image") out.image = scalar(value, key);
    else if (key == "reason") out.reason = printable(scalar(value, key));
    else if (key == "until") out.until = instant(value, key);
    else return false;
    return true;
  });
  if (out.reason.empty()) fail(node, "field reason is required: who reads this later wants to know why");
  if (out.id.empty() && !out.type && out.issue.empty() && out.path.empty())
    fail(node, "a decision must have at least one of id, type, issue and path");
  // Reports have no leading slash, but people write one.
  if (out.path.starts_with('/')) out.path.erase(0, 1);
  return out;
}

std::vector<Decision> decisions(const YAML::Node& node, const std::string& file) {
  std::vector<Decision> out;
  if (node.IsNull()) return out;
  if (!node.IsSequence() || node.size() > kDecisionsMax) fail(node, "must be a list of at most " + std::to_string(kDecisionsMax));
  for (const auto& each : node) out.push_back(decision(each, file));
  return out;
}

}  // namespace

Result<std::vector<Decision>> parse_decisions(std::string_view text, const std::string& name) {
  return yaml::read<std::vector<Decision>>(text, name, [&](const YAML::Node& node) { return decisions(node, name); });
}

Result<std::vector<Decision>> load_decisions(const std::string& file) {
  const auto text = yaml::text_of(file);
  if (!text) return text.error();
  return parse_decisions(*text, file);
}

Result<Baseline> load_baseline(const std::string& file) {
  const auto text = yaml::text_of(file);
  if (!text) return text.error();
  auto report = parse_json(*text, file, kJsonReport);
  if (!report) return Error(ErrorCode::configuration, report.error().message());
  Baseline baseline(file);
  auto read = read_json_fields(file, [&] {
    for (nlohmann::json& image : report->at("images").get_ref<nlohmann::json::array_t&>()) {
      for (nlohmann::json& finding : image.at("findings").get_ref<nlohmann::json::array_t&>())
        baseline.add(std::exchange(finding, nullptr).get<Finding>());
    }
  });
  if (read) return baseline;
  return Error(ErrorCode::configuration, file + ": is not a report of landwaiter scan --format json");
}

}  // namespace landwaiter::daemon
