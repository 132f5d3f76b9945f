// SPDX-License-Identifier: Apache-2.0
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kAcr = "https://team.azurecr.io";

std::string next(const std::string& target) { return '<' + target + ">; rel=\"next\""; }

}  // namespace

TEST_CASE("Azure ACR: the catalog's Link with its empty orderby is followed as it is", "[enumerator][acr]") {
  Script script;
  script.json("GET " + kAcr + "/v2/_catalog?n=1000", R"({"repositories":["a","b"]})", {{"Link", next("/v2/_catalog?last=b&n=2&orderby=")}});
  script.json("GET " + kAcr + "/v2/_catalog?last=b&n=2&orderby=", R"({"repositories":["c"]})");
  ScriptedRegistry registry({"team.azurecr.io"}, "auto", script);
  CHECK(registry.kind() == "acr");
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"a", "b", "c"});
  CHECK(walk.unlisted.empty());
  CHECK(registry.repositories(walk.cursors.at(0)).names == Strings{"c"});
}

TEST_CASE("Azure ACR: tags tell digest and last update", "[enumerator][acr]") {
  Script script;
  script.json("GET " + kAcr + "/acr/v1/team/a/_tags?n=1000",
              R"({"registry":"team.azurecr.io","imageName":"team/a","tags":[{"name":"1","digest":")" + digest_of('a') +
                  R"(","createdTime":"2025-01-01T00:00:00.1234567Z","lastUpdateTime":"2026-01-02T03:04:05.1234567Z"},{"name":"2"}]})",
              {{"Link", next("/acr/v1/team/a/_tags?last=2&n=2&orderby=")}});
  script.json("GET " + kAcr + "/acr/v1/team/a/_tags?last=2&n=2&orderby=",
              R"({"tags":[{"name":"3","digest":"sha256:short","lastUpdateTime":"soon"}]})");
  ScriptedRegistry registry({"team.azurecr.io"}, "acr", script);
  const Walk walk = registry.tags("team/a");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.told() == Strings{"1 " + digest_of('a') + " 2026-01-02T03:04:05Z", "2 - -", "3 - -"});
  CHECK(registry.tags("team/a", walk.cursors.at(0)).names == Strings{"3"});
}

TEST_CASE("Azure ACR: tags are asked for with metadata_read, and without that right as everywhere", "[enumerator][acr]") {
  for (const int status : {401, 403, 404}) {
    INFO(status);
    Script script;
    const std::string path = "GET " + kAcr + "/acr/v1/team/a/_tags?n=1000";
    script.status(path, status,
                  {{"WWW-Authenticate", "Bearer realm=\"https://team.azurecr.io/oauth2/token\",service=\"team.azurecr.io\""}});
    script.json("GET " + kAcr + "/oauth2/token", R"({"access_token":"t","expires_in":300})");
    script.json("GET " + kAcr + "/v2/team/a/tags/list?n=1000", R"({"tags":["1"]})", {{"Link", next("/v2/team/a/tags/list?last=1")}});
    script.json("GET " + kAcr + "/v2/team/a/tags/list?last=1", R"({"tags":["2"]})");
    ScriptedRegistry registry({"team.azurecr.io"}, "acr", script);
    const Walk walk = registry.tags("team/a");
    REQUIRE_FALSE(walk.error.has_value());
    CHECK(walk.told() == Strings{"1 - -", "2 - -"});
    // The second page goes on where the first one was.
    const std::size_t asked = registry.asked_for("/acr/v1/");
    CHECK(asked >= 1);
    CHECK(registry.tags("team/a", walk.cursors.at(0)).names == Strings{"2"});
    CHECK(registry.asked_for("/acr/v1/") == asked);
    if (status == 401) CHECK(registry.asked_for("scope=repository%3Ateam%2Fa%3Ametadata_read") >= 1);
  }
}

TEST_CASE("Azure ACR: an empty catalog is told, since a scope map without * gives one", "[enumerator][acr]") {
  Script script;
  script.json("GET " + kAcr + "/v2/_catalog?n=1000", R"({"repositories":null})");
  ScriptedRegistry registry({"team.azurecr.io"}, "acr", script);
  const Walk walk = registry.repositories();
  CHECK_FALSE(walk.error.has_value());
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("scope map metadata/read for *") != std::string::npos);
}
