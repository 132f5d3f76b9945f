// SPDX-License-Identifier: Apache-2.0
#include "core/export/sarif.hpp"

#include "core/assess/decisions.hpp"
#include "core/base/json_reader.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

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
