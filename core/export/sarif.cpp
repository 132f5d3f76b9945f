// SPDX-License-Identifier: Apache-2.0
#include "core/export/sarif.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json_list_text.hpp"
#include "core/report/coverage.hpp"
#include "core/report/layer_report_text.hpp"

#include <algorithm>
#include <map>
#include <optional>
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
/// Code scanning services want a region of every location: where lines mean nothing, it is the first.
json physical_location(const std::string& uri, const char* base, std::uint64_t line = 1) {
  return {{"artifactLocation", {{"uri", uri}, {"uriBaseId", base}}},
          {"region", {{"startLine", line}, {"startColumn", 1}, {"endLine", line}, {"endColumn", 2}}}};
}

json document_location_of(const Occurrence& place) {
  const std::string text = place_text(place);
  return {{"physicalLocation", physical_location(uri_of(to_string(place.where)), "IMAGE_DOCUMENTS")},
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
  // The line of an archive's entry is none of the file at this path.
  const std::uint64_t line = place.archive.empty() ? place.line.value_or(1) : 1;
  json out{{"physicalLocation", physical_location(uri_of(place.path), "IMAGE", line)}, {"logicalLocations", std::move(logical)}};
  json properties{{"offset", place.offset}};
  if (place.line) properties["line"] = *place.line;
  if (place.deleted_by) properties["deletedBy"] = place.deleted_by->str();
  out["properties"] = std::move(properties);
  return out;
}

struct Rule {
  std::size_t index = 0;
  Severity severity = Severity::info;
  std::string text{};
  std::string remedy{};
};

std::string rule_text(const Issue& issue) {
  if (weakness_known(issue.code)) return weakness_issue(issue.code).reason;
  for (const IssueHelp& help : assess_issue_help()) {
    if (help.code == issue.code) return std::string(help.text);
  }
  return issue.reason;
}

/// "key-with-certificate" as "KeyWithCertificate".
std::string name_of(std::string_view code) {
  std::string name;
  bool begins = true;
  for (const char c : code) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) name += begins && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = !plain;
  }
  return name;
}

/// All rules that the results of one run use, in the order in which they are used first.
class Rules {
 public:
  std::size_t use(const Issue& issue) {
    const auto [known, fresh] = rules_.try_emplace(issue.code, Rule{.index = rules_.size()});
    Rule& rule = known->second;
    if (fresh) rule.text = rule_text(issue);
    rule.severity = std::max(rule.severity, issue.severity);
    // If a code has several remedies (they differ by finding), the alphabetically first, so the order of findings does not matter.
    if (rule.remedy.empty() || issue.remedy < rule.remedy) rule.remedy = issue.remedy;
    return rule.index;
  }

  json to_json() const {
    std::vector<json> out(rules_.size());
    for (const auto& [code, rule] : rules_) {
      const std::string text = rule.text.empty() ? code : rule.text;
      const std::string help = rule.remedy.empty() ? "See the result." : rule.remedy;
      out[rule.index] = {
          {"id", code},
          {"name", name_of(code)},
          {"shortDescription", {{"text", text}}},
          {"fullDescription", {{"text", text}}},
          {"help", {{"text", help}, {"markdown", "**" + text + "**\n\n" + help}}},
          {"defaultConfiguration", {{"level", level_of(rule.severity)}}},
          {"properties",
           {{"security-severity", score_of(rule.severity)}, {"precision", "high"}, {"tags", json::array({"cryptography", "security"})}}}};
    }
    return out;
  }

 private:
  std::map<std::string, Rule> rules_;
};

/// "(layer 3: COPY tls /etc/nginx/ssl)": who has to be asked.
std::string made_by(const ImageReport& image, const Finding& finding) {
  constexpr std::size_t kShort = 100;
  if (finding.occurrences.empty()) return {};
  const Digest& layer = finding.occurrences.front().layer;
  const std::string instruction = image.facts.instruction_of(layer);
  if (instruction.empty() || instruction.size() > kShort) return {};
  return " (layer " + std::to_string(image.facts.layer_number(layer)) + ": " + instruction + ")";
}

/// `joined`: in a run of several images a result says whose it is.
json result_of(const Finding& finding, const Issue& issue, std::size_t rule_index, const ImageReport& image, bool joined) {
  json locations = json::array();
  for (std::size_t i = 0; i < std::min(finding.occurrences.size(), kLocationsMax); ++i)
    locations.push_back(location_of(finding.occurrences[i]));
  std::string identity = std::string(to_string(finding.type)) + " " + finding.id + " " + issue.code;
  if (joined) identity += " " + image.facts.reference + " " + image.facts.platform;
  const std::string fingerprint(Digest::sha256_of(as_bytes(identity)).hex());
  json out{{"ruleId", issue.code},
           {"ruleIndex", rule_index},
           {"level", level_of(issue.severity)},
           {"message", {{"text", finding.title + ": " + issue.reason + " " + issue.remedy + made_by(image, finding)}}},
           {"locations", std::move(locations)},
           {"partialFingerprints", {{"findingIssue/v1", fingerprint}, {"primaryLocationLineHash", fingerprint.substr(0, 16) + ":1"}}},
           {"properties",
            {{"severity", to_string(issue.severity)},
             {"type", to_string(finding.type)},
             {"id", finding.id},
             {"places", finding.occurrences.size()}}}};
  if (joined) {
    out["properties"]["image"] = image.facts.reference;
    out["properties"]["digest"] = image.facts.digest.str();
    out["properties"]["platform"] = image.facts.platform;
  }
  // 3.35; "external": it is written neither in the image nor in this file.
  if (issue.accepted) {
    const std::string until = issue.accepted->until.empty() ? "" : ", until " + issue.accepted->until;
    out["suppressions"] = json::array({{{"kind", "external"},
                                        {"status", "accepted"},
                                        {"justification", issue.accepted->reason + " (" + issue.accepted->by + until + ")"}}});
  }
  return out;
}

json uri_bases_of(const std::string& image) {
  const auto base = [](const std::string& text) { return json{{"description", {{"text", text}}}}; };
  return {{"IMAGE", base("the root of " + image)}, {"IMAGE_DOCUMENTS", base("the config and the manifest of " + image)}};
}

json notification_of(Effect effect, ErrorCode code, const std::string& text) {
  return {{"level", effect == Effect::incomplete ? "error" : "warning"},
          {"descriptor", {{"id", to_string(effect)}}},
          {"message", {{"text", text}}},
          {"properties", {{"code", to_string(code)}}}};
}

/// What GitHub takes of one file (its documentation, "SARIF support for code scanning"): so many runs, and so many results a run. One of
/// the runs is for all images that have none of their own, one for those that could not be read.
constexpr std::size_t kRunsMax = 20;
constexpr std::size_t kOwnRunsMax = kRunsMax - 2;
constexpr std::size_t kResultsMax = 25'000;
/// A run's notifications; more of them help nobody.
constexpr std::size_t kNotificationsMax = 1'000;

/// A run that is being made, of one image or of many; its results are handed out as they come.
class Run {
 public:
  explicit Run(bool joined) : joined_(joined) {}

  std::vector<json> results_of(const ImageReport& image) {
    std::vector<Finding> findings = image.findings;
    normalize(findings);
    sort_for_people(findings);
    std::vector<json> results;
    for (const Finding& finding : findings) {
      for (const Issue& issue : issues_of(finding)) {
        if (issue.severity < Severity::low) continue;
        if (results_++ >= kResultsMax) continue;
        results.push_back(result_of(finding, issue, rules_.use(issue), image, joined_));
      }
    }
    add_diagnostics(image);
    return results;
  }

  void fail(const Failure& failure) {
    successful_ = false;
    notify(notification_of(Effect::incomplete, ErrorCode::io, failure.reference + ": " + failure.reason));
  }

  /// SARIF 2.1.0, 3.20: what the run itself has to say. A run that did not search everything did not succeed.
  json invocations() {
    if (results_ > kResultsMax) {
      const std::string left_out = std::to_string(results_ - kResultsMax) + " results are left out: there are more than 25,000";
      successful_ = false;
      notifications_.push_back(notification_of(Effect::incomplete, ErrorCode::limit_exceeded, left_out));
    }
    if (left_out_ > 0) {
      const std::string text = std::to_string(left_out_) + " notifications are left out";
      notifications_.push_back(notification_of(Effect::incomplete, ErrorCode::limit_exceeded, text));
    }
    return json::array(
        {{{"executionSuccessful", successful_}, {"toolExecutionNotifications", std::exchange(notifications_, json::array())}}});
  }

  json tool(const Options& options) const {
    json driver{{"name", "landwaiter"}, {"rules", rules_.to_json()}};
    if (!options.tool_version.empty()) driver["version"] = driver["semanticVersion"] = options.tool_version;
    return {{"driver", std::move(driver)}};
  }

 private:
  void notify(json notification) {
    if (notifications_.size() < kNotificationsMax) notifications_.push_back(std::move(notification));
    else ++left_out_;
  }

  void add_diagnostics(const ImageReport& image) {
    successful_ = successful_ && coverage_of(image).state() != CoverageState::incomplete;
    for (const Diagnostic& diagnostic : not_searched(image.diagnostics)) {
      const std::string of = joined_ ? image.facts.reference + ": " : "";
      json notification = notification_of(diagnostic.effect, diagnostic.code, of + diagnostic.message);
      if (!diagnostic.path.empty()) {
        Occurrence place;
        place.path = diagnostic.path;
        place.archive = diagnostic.archive;
        place.layer = diagnostic.layer;
        notification["locations"] = json::array({location_of(place)});
      }
      notify(std::move(notification));
    }
  }

  bool joined_;
  bool successful_ = true;
  Rules rules_;
  std::size_t results_ = 0;
  json notifications_ = json::array();
  std::size_t left_out_ = 0;
};

/// GitHub takes what is before the last slash as the category, of which each run of a file must have its own.
std::string category_of(const ImageReport& image) {
  return image.facts.reference + "/" + image.facts.platform + "/" + image.facts.digest.str();
}

class SarifWriter final : public DocumentWriter {
 public:
  explicit SarifWriter(Options options) : options_(std::move(options)) {}

  std::string add(const ImageReport& image) override {
    std::string out = begin();
    if (own_runs_ < kOwnRunsMax) {
      ++own_runs_;
      return out += runs_.add(run_of(image));
    }
    if (!joined_) {
      joined_.emplace(true);
      out += begin_joined();
    }
    for (const json& result : joined_->results_of(image)) out += joined_results_.add(result);
    return out;
  }

  std::string fail(const Failure& failure) override {
    if (!failed_) failed_.emplace(true);
    failed_->fail(failure);
    return {};
  }

  std::string finish() override {
    std::string out = begin();
    if (joined_) out += end_joined();
    if (failed_) out += runs_.add(bare_run("failed/", "images that could not be read", *failed_));
    return out += runs_.end() + ",\n  \"version\": \"2.1.0\"\n}\n";
  }

 private:
  /// Empty but for the first time.
  std::string begin() { return std::exchange(begin_, ""); }

  json run_of(const ImageReport& image) const {
    Run run(false);
    json results = run.results_of(image);
    json out = bare_run(category_of(image), "image " + image.facts.reference, run);
    out["results"] = std::move(results);
    out["properties"] = {{"image", image.facts.reference}, {"digest", image.facts.digest.str()}, {"platform", image.facts.platform}};
    return out;
  }

  json bare_run(const std::string& id, const std::string& of, Run& run) const {
    return {{"tool", run.tool(options_)},        {"automationDetails", {{"id", id}}}, {"originalUriBaseIds", uri_bases_of(of)},
            {"columnKind", "unicodeCodePoints"}, {"invocations", run.invocations()},  {"results", json::array()}};
  }

  /// Tool and invocations are known at its end.
  std::string begin_joined() {
    json run = bare_run("further-images/", "the image that a result names", *joined_);
    run.erase("tool");
    run.erase("invocations");
    AroundFindings around = around_findings(runs_.add(run), "\n      \"results\": ");
    after_joined_ = std::move(around.after);
    return std::move(around.before);
  }

  std::string end_joined() {
    const auto member = [](const char* name, const json& value) {
      return std::string(",\n      \"") + name + "\": " + json_text_within(value, "      ");
    };
    return joined_results_.end() + member("tool", joined_->tool(options_)) + member("invocations", joined_->invocations()) + after_joined_;
  }

  Options options_;
  std::string begin_ = "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n  \"runs\": ";
  JsonListText runs_;
  std::size_t own_runs_ = 0;
  std::optional<Run> joined_;
  JsonListText joined_results_{2};
  std::string after_joined_;
  std::optional<Run> failed_;
};

}  // namespace

std::unique_ptr<DocumentWriter> sarif_writer(const Options& options) { return std::make_unique<SarifWriter>(options); }

std::string sarif(std::span<const ImageReport> images, const Options& options) { return whole(*sarif_writer(options), images); }

}  // namespace landwaiter::exports
