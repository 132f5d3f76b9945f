// SPDX-License-Identifier: Apache-2.0
#include "core/export/sarif.hpp"

#include "core/assess/decisions.hpp"
#include "core/base/json_reader.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <set>

using namespace landwaiter;
using nlohmann::json;

TEST_CASE("a result for each issue of at least low severity, with its rule") {
  const json log = *parse_json(exports::sarif(test::export_samples(), {"1.0", ""}), "sarif", kJsonReport);
  CHECK(log["version"] == "2.1.0");
  REQUIRE(log["runs"].size() == 2);
  const json& run = log["runs"][0];
  const json& rules = run["tool"]["driver"]["rules"];
  bool deleted = false;
  REQUIRE(run["results"].size() > 10);
  for (const json& result : run["results"]) {
    CHECK(rules[result["ruleIndex"].get<std::size_t>()]["id"] == result["ruleId"]);
    CHECK(result["properties"]["severity"] != "info");
    CHECK(result["ruleId"] != "quantum-vulnerable");
    CHECK(result["locations"].size() == result["properties"]["places"].get<std::size_t>());
    if (result["ruleId"] != "deleted-but-present") continue;
    deleted = true;
    const json& location = result["locations"][0];
    CHECK(location["physicalLocation"]["artifactLocation"]["uri"] == "srv/app.war");
    CHECK(location["logicalLocations"][0]["fullyQualifiedName"] == "srv/app.war > WEB-INF/key.pem");
    CHECK(location["properties"]["deletedBy"].get<std::string>().starts_with("sha256:"));
    const json& config = result["locations"].back();
    CHECK(config["physicalLocation"]["artifactLocation"] == json{{"uri", "config"}, {"uriBaseId", "IMAGE_DOCUMENTS"}});
    CHECK(run["originalUriBaseIds"].contains("IMAGE_DOCUMENTS"));
    CHECK(config["logicalLocations"][0]["fullyQualifiedName"] == "config env[3] (TLS_KEY)");
  }
  CHECK(deleted);
}

namespace {

/// What GitHub's documentation asks of a file for code scanning.
void check_for_code_scanning(const json& log) {
  CHECK(log["version"] == "2.1.0");
  CHECK(log["runs"].size() <= 20);
  std::set<std::string> categories;
  for (const json& run : log["runs"]) {
    const std::string id = run["automationDetails"]["id"];
    INFO(id);
    CHECK(categories.insert(id.substr(0, id.rfind('/'))).second);
    CHECK(run["results"].size() <= 25'000);
    const json& rules = run["tool"]["driver"]["rules"];
    for (const json& rule : rules) {
      for (const char* text : {"shortDescription", "fullDescription", "help"}) CHECK_FALSE(rule[text]["text"].get<std::string>().empty());
      CHECK_FALSE(rule["name"].get<std::string>().empty());
      CHECK(rule["properties"]["tags"].size() <= 20);
    }
    for (const json& result : run["results"]) {
      CHECK(rules.at(result["ruleIndex"].get<std::size_t>())["id"] == result["ruleId"]);
      CHECK_FALSE(result["partialFingerprints"]["primaryLocationLineHash"].get<std::string>().empty());
      REQUIRE_FALSE(result["locations"].empty());
      for (const json& location : result["locations"]) {
        const json& physical = location["physicalLocation"];
        CHECK_FALSE(physical["artifactLocation"]["uri"].get<std::string>().empty());
        for (const char* of : {"startLine", "startColumn", "endLine", "endColumn"}) CHECK(physical["region"][of].is_number_unsigned());
      }
    }
  }
}

}  // namespace

TEST_CASE("code scanning takes the file, of few images and of many of two platforms each") {
  for (const std::size_t count : {0, 1, 9, 10, 30}) {
    INFO(count);
    std::vector<ImageReport> images;
    for (std::size_t i = 0; i < count; ++i) {
      for (const char* platform : {"linux/amd64", "linux/arm64"}) {
        images.push_back(test::export_samples()[0]);
        images.back().facts.reference = "registry.example.com/team/app" + std::to_string(i) + ":1";
        images.back().facts.platform = platform;
        images.back().facts.digest = Digest::sha256_of(as_bytes(images.back().facts.reference + platform));
      }
    }
    const json log = *parse_json(exports::sarif(images, {"1.0", ""}), "sarif", kJsonReport);
    check_for_code_scanning(log);
    std::map<std::string, std::size_t> results;
    for (const json& run : log["runs"]) {
      for (const json& result : run["results"]) {
        const json& of = run.contains("properties") ? run["properties"] : result["properties"];
        ++results[of["image"].get<std::string>() + " " + of["platform"].get<std::string>()];
      }
    }
    CHECK(results.size() == images.size());
    for (const auto& [image, number] : results) CHECK(number == results.begin()->second);
  }
}

TEST_CASE("images that could not be read are a run that did not succeed") {
  const auto writer = exports::sarif_writer({"1.0", ""});
  std::string text = writer->add(test::export_samples()[0]);
  text += writer->fail({"registry.example.com/a:1", "404 not found"});
  text += writer->fail({"registry.example.com/b:1", "401 unauthorized"});
  text += writer->finish();
  const json log = *parse_json(text, "sarif", kJsonReport);
  check_for_code_scanning(log);
  REQUIRE(log["runs"].size() == 2);
  const json& invocation = log["runs"][1]["invocations"][0];
  CHECK(invocation["executionSuccessful"] == false);
  REQUIRE(invocation["toolExecutionNotifications"].size() == 2);
  CHECK(invocation["toolExecutionNotifications"][0]["message"]["text"] == "registry.example.com/a:1: 404 not found");
  CHECK(invocation["toolExecutionNotifications"][0]["level"] == "error");
}

TEST_CASE("what is accepted is a suppressed result") {
  auto images = test::export_samples();
  Decisions({{.issue = "deleted-but-present", .reason = "Replaced, since.", .origin = "i.yml:1"}}, {}).apply(images[0], {});
  const json log = *parse_json(exports::sarif(images, {"1.0", ""}), "sarif", kJsonReport);
  for (const json& result : log["runs"][0]["results"]) {
    if (result["ruleId"] != "deleted-but-present") {
      CHECK_FALSE(result.contains("suppressions"));
      continue;
    }
    CHECK(result["suppressions"] ==
          json::array({{{"kind", "external"}, {"status", "accepted"}, {"justification", "Replaced, since. (i.yml:1)"}}}));
  }
}

TEST_CASE("paths become URIs") {
  auto images = test::export_samples();
  images.resize(1);
  Finding finding;
  finding.occurrences.push_back({"a b/ü%#?:c", {}, 0, {}, std::nullopt});
  finding.attributes["issues"] = json::array({{{"code", "x"}, {"severity", "low"}, {"reason", "r"}, {"remedy", "d"}}});
  images[0].findings = {finding};
  const json log = *parse_json(exports::sarif(images, {}), "sarif", kJsonReport);
  CHECK(log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%25%23%3F%3Ac");
}

TEST_CASE("a result points at its line, and says what made the layer") {
  auto images = test::export_samples();
  images.resize(1);
  Finding finding;
  finding.occurrences.push_back({"etc/a.conf", {}, 0, images[0].facts.layers.at(0), std::nullopt});
  finding.occurrences.back().line = 12;
  finding.attributes["issues"] = json::array({{{"code", "x"}, {"severity", "low"}, {"reason", "r"}, {"remedy", "d"}}});
  images[0].findings = {finding};
  images[0].facts.created_by.assign(images[0].facts.layers.size(), "COPY a.conf /etc");
  const auto result = [&] { return (*parse_json(exports::sarif(images, {"1.0", ""}), "sarif", kJsonReport))["runs"][0]["results"][0]; };
  CHECK(result()["locations"][0]["physicalLocation"]["region"]["startLine"] == 12);
  CHECK(result()["locations"][0]["physicalLocation"]["region"]["endLine"] == 12);
  CHECK(result()["message"]["text"] == ": r d (layer 1: COPY a.conf /etc)");
  images[0].findings[0].occurrences[0].archive = {"inner.conf"};
  CHECK(result()["locations"][0]["physicalLocation"]["region"]["startLine"] == 1);
}
