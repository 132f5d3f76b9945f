// SPDX-License-Identifier: Apache-2.0
#include "core/export/sarif.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json_list_text.hpp"
#include "core/report/coverage.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace landwaiter::exports {
namespace {

using nlohmann::json;

/// Places per result; a thousand copies of one root certificate add no information.
constexpr std::size_t kLocationsMax = 100;

const char* level_of(Severity severity) {
  if (severity >= Severity::high) return "error";
  return severity == Severity::medium ? "warning" : "note";
}

/// The score by which code-scanning services sort, in CVSS ranges.
const char* score_of(Severity severity) {
  switch (severity) {
    case Severity::critical: return "9.5";
    case Severity::high: return "8.0";
    case Severity::medium: return "5.5";
    case Severity::low: return "2.0";
    case Severity::info: return "0.0";
  }
  return "0.0";
}

/// RFC 3986 path: relative, with everything escaped except unreserved characters and slashes.
std::string uri_of(std::string_view path) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    out += '%';
    out += hex[byte >> 4U];
    out += hex[byte & 15U];
  }
  return out;
}

/// Consumers want a physical location of every result, so that the documents are files of a folder of their own.
json document_location_of(const Occurrence& place) {
  const std::string text = place_text(place);
  return {{"physicalLocation", {{"artifactLocation", {{"uri", uri_of(to_string(place.where))}, {"uriBaseId", "IMAGE_DOCUMENTS"}}}}},
          {"logicalLocations", json::array({{{"name", text}, {"kind", "member"}, {"fullyQualifiedName", text}}})},
          {"properties", {{"offset", place.offset}}}};
}

json location_of(const Occurrence& place) {
  if (place.where != Where::file) return document_location_of(place);
  json layer{{"name", place.layer.str()}, {"kind", "resource"}, {"fullyQualifiedName", "layer " + place.layer.str()}};
  json logical = json::array();
  if (!place.archive.empty()) {
    logical.push_back({{"name", place.archive.back()}, {"kind", "resource"}, {"fullyQualifiedName", place_text(place)}});
  }
  logical.push_back(std::move(layer));
  json out{{"physicalLocation", {{"artifactLocation", {{"uri", uri_of(place.path)}, {"uriBaseId", "IMAGE"}}}}},
           {"logicalLocations", std::move(logical)}};
  json properties{{"offset", place.offset}};
  if (place.deleted_by) properties["deletedBy"] = place.deleted_by->str();
  out["properties"] = std::move(properties);
  return out;
}

struct Rule {
  Severity severity = Severity::info;
  std::string text;
  std::string remedy;
};

/// All rules that the results of one image use, ordered by code.
using Rules = std::map<std::string, Rule>;

std::string rule_text(const Issue& issue) {
  if (weakness_known(issue.code)) return weakness_issue(issue.code).reason;
  for (const IssueHelp& help : assess_issue_help()) {
    if (help.code == issue.code) return std::string(help.text);
  }
  return issue.reason;
}

Rules rules_of(const std::vector<Finding>& findings) {
  Rules rules;
  for (const Finding& finding : findings) {
    for (const Issue& issue : issues_of(finding)) {
      if (issue.severity < Severity::low) continue;
      Rule& rule = rules[issue.code];
      rule.severity = std::max(rule.severity, issue.severity);
      rule.text = rule_text(issue);
      // If a code has several remedies (they differ by finding), the alphabetically first, so the order of findings does not matter.
      if (rule.remedy.empty() || issue.remedy < rule.remedy) rule.remedy = issue.remedy;
    }
  }
  return rules;
}

json rules_json(const Rules& rules) {
  json out = json::array();
  for (const auto& [code, rule] : rules) {
    out.push_back({{"id", code},
                   {"shortDescription", {{"text", rule.text.empty() ? code : rule.text}}},
                   {"help", {{"text", rule.remedy.empty() ? "See the result." : rule.remedy}}},
                   {"defaultConfiguration", {{"level", level_of(rule.severity)}}},
                   {"properties", {{"security-severity", score_of(rule.severity)}, {"tags", json::array({"cryptography", "security"})}}}});
  }
  return out;
}

json result_of(const Finding& finding, const Issue& issue, std::size_t rule_index) {
  json locations = json::array();
  for (std::size_t i = 0; i < std::min(finding.occurrences.size(), kLocationsMax); ++i)
    locations.push_back(location_of(finding.occurrences[i]));
  const std::string identity = std::string(to_string(finding.type)) + " " + finding.id + " " + issue.code;
  json out{{"ruleId", issue.code},
           {"ruleIndex", rule_index},
           {"level", level_of(issue.severity)},
           {"message", {{"text", finding.title + ": " + issue.reason + " " + issue.remedy}}},
           {"locations", std::move(locations)},
           {"partialFingerprints", {{"findingIssue/v1", std::string(Digest::sha256_of(as_bytes(identity)).hex())}}},
           {"properties",
            {{"severity", to_string(issue.severity)},
             {"type", to_string(finding.type)},
             {"id", finding.id},
             {"places", finding.occurrences.size()}}}};
  // 3.35; "external": it is written neither in the image nor in this file.
  if (issue.accepted) {
    const std::string until = issue.accepted->until.empty() ? "" : ", until " + issue.accepted->until;
    out["suppressions"] = json::array({{{"kind", "external"},
                                        {"status", "accepted"},
                                        {"justification", issue.accepted->reason + " (" + issue.accepted->by + until + ")"}}});
  }
  return out;
}

json uri_bases_of(const ImageReport& image) {
  const auto base = [](const std::string& text) { return json{{"description", {{"text", text}}}}; };
  return {{"IMAGE", base("the root of image " + image.facts.reference)},
          {"IMAGE_DOCUMENTS", base("the config and the manifest of image " + image.facts.reference)}};
}

/// SARIF 2.1.0, 3.20: what the run itself has to say. A run that did not search everything did not succeed.
json invocation_of(const ImageReport& image) {
  json notifications = json::array();
  for (const Diagnostic& diagnostic : not_searched(image.diagnostics)) {
    const bool incomplete = diagnostic.effect == Effect::incomplete;
    json notification{{"level", incomplete ? "error" : "warning"},
                      {"descriptor", {{"id", to_string(diagnostic.effect)}}},
                      {"message", {{"text", diagnostic.message}}},
                      {"properties", {{"code", to_string(diagnostic.code)}}}};
    if (!diagnostic.path.empty()) {
      Occurrence place;
      place.path = diagnostic.path;
      place.archive = diagnostic.archive;
      place.layer = diagnostic.layer;
      notification["locations"] = json::array({location_of(place)});
    }
    notifications.push_back(std::move(notification));
  }
  return {{"executionSuccessful", coverage_of(image).state() != CoverageState::incomplete},
          {"toolExecutionNotifications", std::move(notifications)}};
}

json run_of(const ImageReport& image, const Options& options) {
  std::vector<Finding> findings = image.findings;
  normalize(findings);
  sort_for_people(findings);
  const Rules rules = rules_of(findings);
  json results = json::array();
  for (const Finding& finding : findings) {
    for (const Issue& issue : issues_of(finding)) {
      const auto rule = rules.find(issue.code);
      if (issue.severity < Severity::low || rule == rules.end()) continue;
      results.push_back(result_of(finding, issue, static_cast<std::size_t>(std::distance(rules.begin(), rule))));
    }
  }
  json driver{{"name", "landwaiter"}, {"rules", rules_json(rules)}};
  if (!options.tool_version.empty()) driver["version"] = options.tool_version;
  return {{"tool", {{"driver", std::move(driver)}}},
          {"automationDetails", {{"id", image.facts.reference + "/" + image.facts.digest.str()}}},
          {"originalUriBaseIds", uri_bases_of(image)},
          {"columnKind", "unicodeCodePoints"},
          {"invocations", json::array({invocation_of(image)})},
          {"results", std::move(results)},
          {"properties", {{"image", image.facts.reference}, {"digest", image.facts.digest.str()}, {"platform", image.facts.platform}}}};
}

class SarifWriter final : public DocumentWriter {
 public:
  explicit SarifWriter(Options options) : options_(std::move(options)) {}

  std::string add(const ImageReport& image) override { return begin() + runs_.add(run_of(image, options_)); }
  std::string finish() override { return begin() + runs_.end() + ",\n  \"version\": \"2.1.0\"\n}\n"; }

 private:
  /// Empty but for the first time.
  std::string begin() { return std::exchange(begin_, ""); }

  Options options_;
  std::string begin_ = "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n  \"runs\": ";
  JsonListText runs_;
};

}  // namespace

std::unique_ptr<DocumentWriter> sarif_writer(const Options& options) { return std::make_unique<SarifWriter>(options); }

std::string sarif(std::span<const ImageReport> images, const Options& options) { return whole(*sarif_writer(options), images); }

}  // namespace landwaiter::exports
