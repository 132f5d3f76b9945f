// SPDX-License-Identifier: Apache-2.0
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kApi = "GET https://api.github.com";
const std::string kPackages = "/packages?package_type=container&per_page=100&page=";
const Credentials kToken = Credentials::from_login("", Secret(), Secret("ghp-token-1"));
const std::pair<std::string, std::string> kNext{
    "Link", "<https://evil.example/x?page=2>; rel=\"next\", <https://evil.example/x?page=9>; rel=\"last\""};

Script github() {
  Script script;
  script.login["https://api.github.com"] = {"authorization", "Bearer ghp-token-1"};
  script.json(kApi + "/user/orgs?per_page=100&page=1", R"([{"login":"Team"},{"login":"closed"}])");
  script.json(kApi + "/user" + kPackages + '1', R"([{"name":"app","owner":{"login":"Me"}}])", {kNext});
  script.json(kApi + "/user" + kPackages + '2', R"([{"name":"dir/tool","owner":{"login":"Me"}}])");
  script.json(kApi + "/orgs/Team" + kPackages + '1', R"([{"name":"base","owner":{"login":"Team"}}])");
  script.status(kApi + "/orgs/closed" + kPackages + '1', 403, {}, R"({"message":"Resource protected by organization SAML enforcement."})");
  return script;
}

std::string version(char digest, const std::string& tags) {
  return R"({"id":1,"name":")" + digest_of(digest) +
         R"(","created_at":"2020-01-01T00:00:00Z","updated_at":"2026-01-02T03:04:05Z","metadata":{"package_type":"container",)"
         R"("container":{"tags":)" +
         tags + "}}}";
}

}  // namespace

TEST_CASE("GHCR: GitHub's packages of the user and of its organizations, never the catalog", "[enumerator][ghcr]") {
  ScriptedRegistry registry({"ghcr.io", "api.github.com"}, "auto", github(), kToken);
  CHECK(registry.kind() == "ghcr");
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"me/app", "me/dir/tool", "team/base"});
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("orgs/closed: 403") == 0);
  CHECK(walk.unlisted[0].find("SAML") != std::string::npos);
  CHECK(registry.repositories(walk.cursors.at(1)).names == Strings{"me/dir/tool", "team/base"});
  CHECK(registry.asked_for("_catalog") == 0);
  CHECK(registry.asked_for("evil") == 0);
}

TEST_CASE("GHCR: versions tell tags, digest and update", "[enumerator][ghcr]") {
  Script script = github();
  const std::string versions = "/me/packages/container/dir%2Ftool/versions?state=active&per_page=100&page=";
  script.json(kApi + "/users" + versions + '1', '[' + version('a', R"(["1","latest"])") + ',' + version('b', "[]") + ",{}]", {kNext});
  script.json(kApi + "/users" + versions + '2', '[' + version('c', R"(["0"])") + ']');
  ScriptedRegistry registry({"ghcr.io", "api.github.com"}, "ghcr", script, kToken);
  const Walk walk = registry.tags("me/dir/tool");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.told() == Strings{"1 " + digest_of('a') + " 2026-01-02T03:04:05Z", "latest " + digest_of('a') + " 2026-01-02T03:04:05Z",
                               "0 " + digest_of('c') + " 2026-01-02T03:04:05Z"});
  // Whether the owner is an organization is found out once.
  CHECK(registry.asked_for("/orgs/me/") == 1);
  CHECK(registry.tags("me/dir/tool", walk.cursors.at(0)).names == Strings{"0"});
}

TEST_CASE("GHCR: anonymously public images' tags are the registry's own list, and a listing says what it needs", "[enumerator][ghcr]") {
  Script script;
  script.json("GET https://ghcr.io/v2/me/app/tags/list?n=1000", R"({"tags":["1"]})");
  ScriptedRegistry registry({"ghcr.io", "api.github.com"}, "ghcr", script);
  CHECK(registry.tags("me/app").told() == Strings{"1 - -"});
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::unauthorized);
  CHECK(mentions(walk, "read:packages"));
  CHECK(registry.asked_for("api.github.com") == 0);
}

TEST_CASE("GHCR: without read:org the user's own packages are listed, and what is missing is told", "[enumerator][ghcr]") {
  Script script = github();
  script.status(kApi + "/user/orgs?per_page=100&page=1", 403);
  ScriptedRegistry registry({"ghcr.io", "api.github.com"}, "ghcr", script, kToken);
  const Walk walk = registry.repositories();
  CHECK(walk.names == Strings{"me/app", "me/dir/tool"});
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("read:org") != std::string::npos);
}
