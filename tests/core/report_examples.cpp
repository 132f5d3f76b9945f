// SPDX-License-Identifier: Apache-2.0
// Prints report documents that the real code wrote, and the names of its enumerations, for schema_test.py.
#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "core/report/compose.hpp"
#include "core/report/report.hpp"

#include <iostream>

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

Finding finding_of(FindingType type) {
  const std::string hex(digest_of("asset").hex());
  Finding finding;
  finding.type = type;
  finding.id = (type == FindingType::certificate ? "sha256:" : "spki-sha256:") + hex;
  finding.severity = type == FindingType::private_key ? Severity::high : Severity::info;
  finding.title = "an asset";
  finding.attributes = {{"spki_sha256", hex}};
  finding.detector = std::string(to_string(type)) + "/1";
  finding.occurrences.push_back({"etc/a", {}, 0, {}, std::nullopt});
  finding.occurrences.push_back({"etc/b.war", {"WEB-INF/lib/c.jar", "d"}, 17, {}, std::nullopt});
  return finding;
}

/// The same asset as in the layers, in the image's own documents.
Finding finding_in_documents() {
  Finding finding = finding_of(FindingType::certificate);
  finding.occurrences = {{"env[3] (KEY)", {}, 4, {}, std::nullopt, Where::config},
                         {"", {}, 0, {}, std::nullopt, Where::config},
                         {"annotations.key", {}, 0, {}, std::nullopt, Where::manifest}};
  return finding;
}

ImageReport full_image() {
  LayerReport lower, upper;
  LayerFacts upper_facts;
  lower.layer = digest_of("1");
  upper.layer = digest_of("2");
  for (int i = 0; i <= static_cast<int>(FindingType::misconfiguration); ++i)
    lower.findings.push_back(finding_of(static_cast<FindingType>(i)));
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    upper.diagnostics.push_back({static_cast<ErrorCode>(i), "it was so", "a", {"b"}, {}});
  }
  Package package;
  package.ecosystem = "npm";
  package.name = "left-pad";
  package.version = "1.3.0";
  package.licenses = {"WTFPL"};
  package.reader = "npm/1";
  package.occurrences.push_back({"app/a.zip", {"package.json"}, 0, {}, std::nullopt});
  lower.packages.push_back(std::move(package));
  lower.distribution = Distribution{"debian", "12", "bookworm", "Debian 12", {"etc/os-release", {}, 0, {}, std::nullopt}, "os-release/1"};
  upper_facts.whiteouts = {"etc/a"};
  ImageFacts facts;
  facts.reference = "localhost:5000/a:1";
  facts.digest = digest_of("i");
  facts.platform = "linux/amd64";
  facts.layers = {lower.layer, upper.layer};
  facts.created = "2024-01-01T00:00:00Z";
  facts.findings.push_back(finding_in_documents());
  facts.diagnostics.push_back({ErrorCode::unsupported, "of the image", "", {}, {}});
  const std::map<Digest, ScannedLayer> layers{{lower.layer, {{}, {lower}}}, {upper.layer, {upper_facts, {upper}}}};
  ImageReport image = compose(std::move(facts), {{Analysis::cryptography, digest_of("state")}}, layers);
  image.stale = {Analysis::cryptography};
  for (Finding& finding : image.findings) finding.attributes["weaknesses"] = json::array({"rc4"});
  const Policy policy = Policy::standard();
  assess(image, {&policy, *from_rfc3339("2026-01-01T00:00:00Z"), nullptr, nullptr});
  return image;
}

json names() {
  json types = json::array(), codes = json::array(), severities = json::array();
  for (int i = 0; i <= static_cast<int>(FindingType::misconfiguration); ++i) types.push_back(to_string(static_cast<FindingType>(i)));
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) codes.push_back(to_string(static_cast<ErrorCode>(i)));
  for (int i = 0; i <= static_cast<int>(Severity::critical); ++i) severities.push_back(to_string(static_cast<Severity>(i)));
  return {{"types", types}, {"codes", codes}, {"severities", severities}};
}

}  // namespace

int main() {
  ImageReport empty;
  empty.facts.reference = "oci:dir";
  empty.facts.digest = digest_of("none");
  for (const Analysis analysis : kAllAnalyses) empty.states.push_back({analysis, digest_of("state")});
  json documents = json::array();
  const json failure{{"reference", "a:1"}, {"code", to_string(ErrorCode::not_found)}, {"message", "no such tag"}};
  documents.push_back({{"images", json::array()}, {"failures", json::array({failure})}});
  documents.push_back({{"images", json::array({json(full_image()), json(empty)})}});
  std::cout << dump_json_pretty({{"names", names()}, {"documents", documents}}) << '\n';
}
