// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kApi = "GET https://harbor.example/api/v2.0/projects";
const std::string kArtifacts = "&page_size=100&with_tag=true&with_accessory=false";
const std::string kRobot = "robot$team+scanner";

std::string page(int number) { return "?page=" + std::to_string(number) + "&page_size=100"; }

Script projects() {
  Script script;
  script.login["https://harbor.example"] = {"authorization", "Basic " + base64_encode(as_bytes(kRobot + ":pass-word-7"))};
  script.json(kApi + page(1), R"([{"name":"library"},{"name":"my.team"}])", {{"X-Total-Count", "102"}});
  script.json(kApi + page(2), R"([{"name":"last"}])", {{"X-Total-Count", "102"}});
  script.json(kApi + "/library/repositories" + page(1), R"([{"name":"library/a"},{"name":"library/b/c"}])",
              {{"Link", R"(</api/v2.0/x?page=2>; rel="next")"}});
  script.json(kApi + "/library/repositories" + page(2), R"([{"name":"library/b/c"},{"name":"library/d"},{"name":"library/UP"}])");
  script.json(kApi + "/my.team/repositories" + page(1), "[]", {{"X-Total-Count", "0"}});
  script.json(kApi + "/last/repositories" + page(1), R"([{"name":"last/z"}])");
  return script;
}

}  // namespace

TEST_CASE("Harbor: projects and their repositories are listed without administrator's rights", "[enumerator][harbor]") {
  ScriptedRegistry registry({"harbor.example"}, "harbor", projects(), Credentials::basic(kRobot, Secret("pass-word-7")));
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  // "library/b/c" came again at the top of the second page: something was pushed meanwhile.
  CHECK(walk.names == Strings{"library/a", "library/b/c", "library/d", "last/z"});
  CHECK(walk.invalid == Strings{"library/UP"});
  CHECK(registry.asked_for("/v2/_catalog") == 0);
  CHECK(registry.asked().size() == 6);
}

TEST_CASE("Harbor: a walk goes on from any of its cursors", "[enumerator][harbor]") {
  ScriptedRegistry registry({"harbor.example"}, "harbor", projects(), Credentials::basic(kRobot, Secret("pass-word-7")));
  const Walk walk = registry.repositories();
  REQUIRE(walk.cursors.size() == 5);
  CHECK(registry.repositories(walk.cursors[1]).names == Strings{"library/d", "last/z"});
  CHECK(registry.repositories(walk.cursors[3]).names == Strings{"last/z"});
}

TEST_CASE("Harbor: a robot's name keeps its $", "[enumerator][harbor]") {
  ScriptedRegistry registry({"harbor.example"}, "harbor", projects(), Credentials::basic(kRobot, Secret("pass-word-7")));
  registry.page("");
  CHECK(registry.sent("harbor.example", "authorization") == Strings{"Basic " + base64_encode(as_bytes("robot$team+scanner:pass-word-7"))});
}

TEST_CASE("Harbor: repositories with slashes are escaped twice, artifacts tell push times", "[enumerator][harbor]") {
  Script script;
  const std::string path = kApi + "/library/repositories/b%252Fc/artifacts?page=";
  script.json(
      path + '1' + kArtifacts,
      R"([{"digest":")" + digest_of('a') +
          R"(","push_time":"2026-01-02T03:04:05.678Z","tags":[{"name":"1","push_time":"2026-02-02T05:04:05+02:00"},{"name":"latest"}]},)" +
          R"({"digest":")" + digest_of('b') +
          R"(","push_time":"2026-01-01T00:00:00Z","tags":null},{"digest":"x","tags":[{"name":"odd","push_time":"yesterday"}]}])",
      {{"X-Total-Count", "101"}});
  script.json(path + '2' + kArtifacts,
              R"([{"digest":")" + digest_of('c') + R"(","push_time":"2026-01-02T03:04:05Z","tags":[{"name":"3"},{"name":"-bad"}]}])",
              {{"X-Total-Count", "101"}});
  ScriptedRegistry registry({"harbor.example"}, "harbor", script);
  const Walk walk = registry.tags("library/b/c");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.told() == Strings{"1 " + digest_of('a') + " 2026-02-02T03:04:05Z", "latest " + digest_of('a') + " 2026-01-02T03:04:05Z",
                               "odd - -", "3 " + digest_of('c') + " 2026-01-02T03:04:05Z"});
  CHECK(walk.invalid == Strings{"-bad"});
  CHECK(registry.tags("library/b/c", walk.cursors.at(0)).names == Strings{"3"});
}

TEST_CASE("Harbor: where the API is refused the catalog is asked, and if that is refused too the missing right is named",
          "[enumerator][harbor]") {
  Script script;
  script.status(kApi + page(1), 403, {}, R"({"errors":[{"code":"FORBIDDEN","message":"forbidden"}]})");
  script.json("GET https://harbor.example/v2/_catalog?n=1000", R"({"repositories":["library/a"]})");
  script.json("GET https://harbor.example/v2/library/a/tags/list?n=1000", R"({"tags":["1"]})");
  ScriptedRegistry open({"harbor.example"}, "harbor", script);
  CHECK(open.repositories().names == Strings{"library/a"});
  CHECK(open.tags("library/a").told() == Strings{"1 - -"});
  script.status("GET https://harbor.example/v2/_catalog?n=1000", 401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
  ScriptedRegistry closed({"harbor.example"}, "harbor", script);
  const Walk walk = closed.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::forbidden);
  CHECK(mentions(walk, "403 Forbidden from harbor.example for Harbor's projects"));
  CHECK(mentions(walk, "member of the projects"));
}

TEST_CASE("Harbor: one project's failure does not end the walk, and is told", "[enumerator][harbor]") {
  Script script = projects();
  script.status(kApi + "/library/repositories" + page(1), 403);
  ScriptedRegistry registry({"harbor.example"}, "harbor", script, Credentials::basic(kRobot, Secret("pass-word-7")));
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"last/z"});
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("library: 403 Forbidden") == 0);
}

TEST_CASE("Harbor: the same page again is an error, not an endless walk", "[enumerator][harbor]") {
  Script script;
  for (int i = 1; i < 50; ++i) script.json(kApi + page(i), R"([{"name":"library"}])", {{"X-Total-Count", "100000"}});
  script.json(kApi + "/library/repositories" + page(1), "[]");
  ScriptedRegistry registry({"harbor.example"}, "harbor", script);
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::malformed);
  CHECK(mentions(walk, "same page"));
}

TEST_CASE("Harbor: an answer of another form is malformed", "[enumerator][harbor]") {
  for (const char* body : {R"({"repositories":[]})", "[", "7", "\"x\""}) {
    INFO(body);
    Script script;
    script.json(kApi + page(1), body);
    ScriptedRegistry registry({"harbor.example"}, "harbor", script);
    const Walk walk = registry.repositories();
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == ErrorCode::malformed);
    CHECK(mentions(walk, "Harbor's projects"));
  }
}
