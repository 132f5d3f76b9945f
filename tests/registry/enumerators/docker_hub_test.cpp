// SPDX-License-Identifier: Apache-2.0
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kHub = "https://hub.docker.com";

std::string page(int number) { return "?page=" + std::to_string(number) + "&page_size=100"; }

Script hub() {
  Script script;
  script.json("POST " + kHub + "/v2/auth/token", R"({"access_token":"session-token-1"})");
  script.json("GET " + kHub + "/v2/repositories/namespaces", R"({"namespaces":["me","team"]})");
  script.json("GET " + kHub + "/v2/namespaces/me/repositories" + page(1),
              R"({"count":101,"next":"https://evil.example/?page=2","results":[{"name":"app","namespace":"me","repository_type":"image"},)"
              R"({"name":"chart","repository_type":"helm"}]})");
  script.json("GET " + kHub + "/v2/namespaces/me/repositories" + page(2), R"({"count":101,"next":null,"results":[{"name":"tool"}]})");
  script.json("GET " + kHub + "/v2/namespaces/team/repositories" + page(1), R"({"count":1,"next":null,"results":[{"name":"base"}]})");
  return script;
}

const Credentials kAccount = Credentials::basic("me", Secret("pass-word-7"));

}  // namespace

TEST_CASE("Docker Hub: namespaces and repositories come from hub.docker.com, never from the catalog", "[enumerator][docker-hub]") {
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "auto", hub(), kAccount);
  CHECK(registry.kind() == "docker-hub");
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"me/app", "me/tool", "team/base"});
  REQUIRE(walk.cursors.size() == 3);
  CHECK(registry.repositories(walk.cursors[1]).names == Strings{"me/tool", "team/base"});
  CHECK(registry.asked_for("_catalog") == 0);
  // The link to the next page is not followed, so it leads nowhere.
  CHECK(registry.asked_for("evil") == 0);
  for (const ScriptedRequest& request : registry.requests()) {
    if (request.method == "POST") CHECK(request.body == R"({"identifier":"me","secret":"pass-word-7"})");
    else CHECK(request.header("authorization") == "Bearer session-token-1");
  }
}

TEST_CASE("Docker Hub: an older login is tried where the newer is not there", "[enumerator][docker-hub]") {
  Script script = hub();
  script.answers.erase("POST " + kHub + "/v2/auth/token");
  script.json("POST " + kHub + "/v2/users/login", R"({"token":"session-token-1"})");
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "docker-hub", script, kAccount);
  CHECK(registry.page("").unlisted.empty());
  CHECK(registry.sent("hub.docker.com", "authorization").back() == "Bearer session-token-1");
}

TEST_CASE("Docker Hub: a session that has ended is begun again once", "[enumerator][docker-hub]") {
  Script script = hub();
  script.status("GET " + kHub + "/v2/repositories/namespaces", 401);
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "docker-hub", script, kAccount);
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::unauthorized);
  CHECK(registry.asked_for("POST") == 2);
  CHECK(registry.asked_for("/v2/repositories/namespaces") == 2);
  CHECK_FALSE(mentions(walk, "pass-word-7"));
}

TEST_CASE("Docker Hub: tags tell digest and push time", "[enumerator][docker-hub]") {
  Script script = hub();
  const std::string path = "GET " + kHub + "/v2/namespaces/library/repositories/alpine/tags";
  script.json(path + page(1),
              R"({"next":"x","results":[{"name":"3","digest":")" + digest_of('a') +
                  R"(","tag_last_pushed":"2026-05-14T14:48:51.123456Z","last_updated":"2020-01-01T00:00:00Z"},{"name":"old","images":[],)"
                  R"("last_updated":"2020-01-01T00:00:00Z"}]})");
  script.json(path + page(2), R"({"next":null,"results":[{"name":"edge","digest":"nonsense"}]})");
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "docker-hub", script);
  const Walk walk = registry.tags("library/alpine");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.told() == Strings{"3 " + digest_of('a') + " 2026-05-14T14:48:51Z", "old - 2020-01-01T00:00:00Z", "edge - -"});
  CHECK(registry.tags("library/alpine", walk.cursors.at(0)).names == Strings{"edge"});
  // Anonymously: nobody logged in.
  CHECK(registry.asked_for("POST") == 0);
}

TEST_CASE("Docker Hub: anonymously only named repositories are read, and the error says so", "[enumerator][docker-hub]") {
  Script script = hub();
  script.status("GET https://registry-1.docker.io/v2/_catalog?n=1000", 401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "docker-hub", script);
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::unauthorized);
  CHECK(mentions(walk, "name the repositories"));
  CHECK(registry.asked_for("hub.docker.com") == 0);
}

TEST_CASE("Docker Hub: an organization's token without the list of namespaces lists its own", "[enumerator][docker-hub]") {
  Script script = hub();
  script.status("GET " + kHub + "/v2/repositories/namespaces", 403);
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "docker-hub", script, Credentials::basic("team", Secret("pass-word-7")));
  CHECK(registry.repositories().names == Strings{"team/base"});
}

TEST_CASE("Docker Hub: tags that its API does not show are asked for at the registry", "[enumerator][docker-hub]") {
  Script script = hub();
  script.json("GET https://registry-1.docker.io/v2/me/app/tags/list?n=1000", R"({"tags":["1"]})");
  ScriptedRegistry registry({"docker.io", "hub.docker.com"}, "docker-hub", script, kAccount);
  CHECK(registry.tags("me/app").told() == Strings{"1 - -"});
}
