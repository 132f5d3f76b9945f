// SPDX-License-Identifier: Apache-2.0
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kQuay = "https://quay.io";
const Credentials kToken = Credentials::from_login("", Secret(), Secret("oauth-token-1"));

Script api() {
  Script script;
  script.login[kQuay] = {"authorization", "Bearer oauth-token-1"};
  script.json("GET " + kQuay + "/api/v1/user/", R"({"username":"me","organizations":[{"name":"team"},{"name":"closed"}]})");
  const std::string list = "GET " + kQuay + "/api/v1/repository?namespace=";
  script.json(list + "me", R"({"repositories":[]})");
  script.json(list + "team",
              R"({"repositories":[{"namespace":"team","name":"a","kind":"image"},{"namespace":"team","name":"app","kind":"application"}],)"
              R"("next_page":"gAAAA=="})");
  script.json(list + "team&next_page=gAAAA%3D%3D", R"({"repositories":[{"namespace":"team","name":"b"}]})");
  script.status(list + "closed", 403);
  return script;
}

}  // namespace

TEST_CASE("Quay: with an OAuth token the API lists the user's and the organizations' repositories", "[enumerator][quay]") {
  ScriptedRegistry registry({"quay.io"}, "auto", api(), kToken);
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"team/a", "team/b"});
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("closed: 403") == 0);
  REQUIRE(walk.cursors.size() == 4);
  CHECK(registry.repositories(walk.cursors[2]).names == Strings{"team/b"});
}

TEST_CASE("Quay: tags tell digest and start time", "[enumerator][quay]") {
  Script script = api();
  const std::string path = "GET " + kQuay + "/api/v1/repository/team/a/tag/?onlyActiveTags=true&limit=100&page=";
  script.json(path + '1', R"({"page":1,"has_additional":true,"tags":[{"name":"1","manifest_digest":")" + digest_of('a') +
                              R"(","start_ts":1767323045,"last_modified":"Fri, 02 Jan 2026 03:04:05 -0000"}]})");
  script.json(path + '2',
              R"({"page":2,"has_additional":false,"tags":[{"name":"2","start_ts":-5},{"name":"3","start_ts":99999999999999}]})");
  ScriptedRegistry registry({"quay.io"}, "quay", script, kToken);
  const Walk walk = registry.tags("team/a");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.told() == Strings{"1 " + digest_of('a') + " 2026-01-02T03:04:05Z", "2 - -", "3 - -"});
  CHECK(registry.tags("team/a", walk.cursors.at(0)).names == Strings{"2", "3"});
}

TEST_CASE("Quay: with a password the catalog is asked, whose next page is opaque, later a last name", "[enumerator][quay]") {
  Script script;
  script.json("GET " + kQuay + "/v2/_catalog?n=1000", R"({"repositories":["team/a"]})",
              {{"Link", R"(</v2/_catalog?n=1000&next_page=gAAA%3D>; rel="next")"}});
  script.json("GET " + kQuay + "/v2/_catalog?n=1000&next_page=gAAA%3D", R"({"repositories":["team/b"]})",
              {{"Link", R"(</v2/_catalog?n=1000&last=team%2Fb>; rel="next")"}});
  script.json("GET " + kQuay + "/v2/_catalog?n=1000&last=team%2Fb", R"({"repositories":[]})");
  script.json("GET " + kQuay + "/v2/team/a/tags/list?n=1000", R"({"tags":["1"]})");
  ScriptedRegistry registry({"quay.io"}, "quay", script, Credentials::basic("team+robot", Secret("pass-word-7")));
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"team/a", "team/b"});
  CHECK(registry.tags("team/a").told() == Strings{"1 - -"});
  CHECK(registry.asked_for("/api/") == 0);
}

TEST_CASE("Quay: the catalog wants a token from /v2/auth, and nothing beyond pull is ever asked for", "[enumerator][quay]") {
  const std::pair<std::string, std::string> challenge{"WWW-Authenticate", "Bearer realm=\"https://quay.io/v2/auth\",service=\"quay.io\""};
  Script script;
  script.status("GET " + kQuay + "/v2/_catalog?n=1000", 401, {challenge});
  script.status("GET " + kQuay + "/v2/team/a/tags/list?n=1000", 401, {challenge});
  ScriptedRegistry registry({"quay.io"}, "quay", script, Credentials::basic("team+robot", Secret("pass-word-7")));
  CHECK(registry.repositories().error.has_value());
  CHECK(registry.tags("team/a").error.has_value());
  CHECK(registry.asked_for("/v2/auth?") >= 2);
  CHECK(registry.asked_for("scope=registry%3Acatalog%3A%2A") >= 1);
  CHECK(registry.asked_for("scope=repository%3Ateam%2Fa%3Apull") >= 1);
  CHECK(registry.asked_for("pull%2C") == 0);
  CHECK(registry.asked_for("delete") == 0);
}

TEST_CASE("Quay: a token without the scopes is told which", "[enumerator][quay]") {
  Script script;
  script.status("GET " + kQuay + "/api/v1/user/", 403);
  ScriptedRegistry registry({"quay.io"}, "quay", script, kToken);
  CHECK(mentions(registry.repositories(), "View all visible repositories"));
}
