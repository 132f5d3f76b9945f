// SPDX-License-Identifier: Apache-2.0
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kApi = "GET https://gitlab.example/api/v4/projects";
const Credentials kToken = Credentials::from_login("me", Secret(), Secret("glpat-token-1"));

std::pair<std::string, std::string> realm(const std::string& url) {
  return {"WWW-Authenticate", "Bearer realm=\"" + url + "\",service=\"container_registry\""};
}

Script gitlab() {
  Script script;
  script.login["https://gitlab.example"] = {"private-token", "glpat-token-1"};
  script.status("GET https://registry.example/v2/", 401, {realm("https://gitlab.example/jwt/auth")});
  const std::string projects = kApi + "?membership=1&simple=true&per_page=100&page=";
  script.json(projects + '1', R"([{"id":7},{"id":8}])", {{"X-Next-Page", "2"}});
  script.json(projects + '2', R"([{"id":9}])", {{"X-Next-Page", ""}});
  const std::string rest = "/registry/repositories?tags=false&per_page=100&page=";
  script.json(kApi + "/7" + rest + '1', R"([{"id":1,"name":"","path":"group/app","project_id":7}])", {{"X-Next-Page", "2"}});
  script.json(kApi + "/7" + rest + '2', R"([{"id":2,"name":"base","path":"group/app/base"}])");
  script.status(kApi + "/8" + rest + '1', 404);
  script.json(kApi + "/9" + rest + '1', R"([{"id":3,"path":"other/tool"}])");
  return script;
}

}  // namespace

TEST_CASE("GitLab: the API on the realm's host lists projects and their registries, by PRIVATE-TOKEN and X-Next-Page",
          "[enumerator][gitlab]") {
  ScriptedRegistry registry({"registry.example", "gitlab.example"}, "auto", gitlab(), kToken);
  CHECK(registry.kind() == "gitlab");
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"group/app", "group/app/base", "other/tool"});
  // A project without a registry is no failure.
  CHECK(walk.unlisted.empty());
  REQUIRE(walk.cursors.size() == 5);
  CHECK(registry.repositories(walk.cursors[1]).names == Strings{"group/app/base", "other/tool"});
  CHECK(registry.asked_for("_catalog") == 0);
  // The token of all GitLab is not shown to the registry.
  for (const std::string& header : registry.sent("registry.example", "private-token")) CHECK(header.empty());
}

TEST_CASE("GitLab: tags are the registry's own list", "[enumerator][gitlab]") {
  Script script = gitlab();
  script.json("GET https://registry.example/v2/group/app/tags/list?n=1000", R"({"tags":["1"]})");
  ScriptedRegistry registry({"registry.example", "gitlab.example"}, "gitlab", script, kToken);
  CHECK(registry.tags("group/app").told() == Strings{"1 - -"});
}

TEST_CASE("Security: GitLab's token does not go to a realm on a local address, or to plain http", "[enumerator][gitlab]") {
  for (const std::string where :
       {"https://169.254.169.254/jwt/auth", "http://gitlab.example/jwt/auth", "https://127.0.0.1:1/jwt/auth", "not a url:"}) {
    INFO(where);
    Script script = gitlab();
    script.status("GET https://registry.example/v2/", 401, {realm(where)});
    ScriptedRegistry registry({"registry.example", "gitlab.example"}, "gitlab", script, kToken);
    const Walk walk = registry.repositories();
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == ErrorCode::malformed);
    CHECK(mentions(walk, "realm"));
    CHECK(registry.asked_for("/api/v4") == 0);
    CHECK_FALSE(mentions(walk, "glpat-token-1"));
  }
}

TEST_CASE("GitLab: a token without read_api, or none, is told so", "[enumerator][gitlab]") {
  for (const bool anonymous : {false, true}) {
    Script script = gitlab();
    script.status("GET https://registry.example/v2/_catalog?n=1000", 401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
    script.status(kApi + "?membership=1&simple=true&per_page=100&page=1", 403, {}, R"({"error":"insufficient_scope"})");
    ScriptedRegistry registry({"registry.example", "gitlab.example"}, "gitlab", script, anonymous ? Credentials() : kToken);
    const Walk walk = registry.repositories();
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == (anonymous ? ErrorCode::unauthorized : ErrorCode::forbidden));
    CHECK(mentions(walk, "read_api"));
  }
}
