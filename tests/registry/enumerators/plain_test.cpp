// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"
#include "tests/registry/support/script.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kFirst = "GET https://r.example/v2/_catalog?n=1000";

std::string next(const std::string& target) { return '<' + target + ">; rel=\"next\""; }

}  // namespace

TEST_CASE("docker-v2: a catalog of three pages, each from its cursor alone", "[enumerator][docker-v2]") {
  Script script;
  script.json(kFirst, R"({"repositories":["a","b/c"]})", {{"Link", next("/v2/_catalog?last=b%2Fc&n=2")}});
  script.json("GET https://r.example/v2/_catalog?last=b%2Fc&n=2", R"({"repositories":["d","Bad","../e"]})",
              {{"Link", next("_catalog?last=x")}});
  script.json("GET https://r.example/v2/_catalog?last=x", R"({"repositories":["f"]})");
  ScriptedRegistry registry({"r.example"}, "docker-v2", script);
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"a", "b/c", "d", "f"});
  CHECK(walk.invalid == Strings{"Bad", "../e"});
  REQUIRE(walk.cursors.size() == 2);
  CHECK(registry.repositories(walk.cursors[0]).names == Strings{"d", "f"});
  CHECK(registry.repositories(walk.cursors[1]).names == Strings{"f"});
}

TEST_CASE("Cursors that are foreign, damaged or another list's are errors", "[enumerator][docker-v2]") {
  Script script;
  script.json(kFirst, R"({"repositories":["a"]})", {{"Link", next("/v2/_catalog?last=a")}});
  ScriptedRegistry plain({"r.example"}, "docker-v2", script);
  const std::string good = plain.page("").next;
  REQUIRE_FALSE(good.empty());
  std::string evil = good;
  evil.replace(evil.find("/v2/_catalog?last=a"), 19, "https://evil.example/v");
  std::string damaged = good;
  damaged.pop_back();
  for (const std::string& cursor :
       {std::string("/v2/_catalog?last=a"), std::string("{}"), std::string("[1]"), std::string(R"({"kind":"v2"})"), damaged,
        std::string(R"({"kind":"harbor","last":"","stack":[["","",""]]})"), std::string(2'000'000, '['), std::string("\0x", 2)}) {
    INFO(cursor.substr(0, 100));
    const Walk walk = plain.repositories(cursor);
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == ErrorCode::invalid_argument);
    CHECK(walk.names.empty());
    const Walk tags = plain.tags("a", cursor);
    REQUIRE(tags.error.has_value());
    CHECK(tags.error->code() == ErrorCode::invalid_argument);
  }
  CHECK(plain.tags("a", good).error->code() == ErrorCode::invalid_argument);
  const Walk led_away = plain.repositories(evil);
  REQUIRE(led_away.error.has_value());
  CHECK(led_away.error->code() == ErrorCode::malformed);
  CHECK(mentions(led_away, "another host"));
  CHECK(plain.asked_for("evil") == 0);

  ScriptedRegistry harbor({"r.example"}, "harbor", Script());
  for (const std::string& cursor :
       {std::string(R"({"kind":"harbor"})"), std::string(R"({"kind":"harbor","last":"","stack":[]})"),
        std::string(R"({"kind":"quay","last":"","stack":[["","",""]]})"), std::string(R"({"kind":"harbor","last":"","stack":[[1,2,3]]})"),
        std::string(R"({"kind":"harbor","last":"","stack":[["","0",""]]})"),
        std::string(R"({"kind":"harbor","last":"","stack":[["p","-1",""]]})"), std::string(R"({"kind":7})")}) {
    INFO(cursor);
    const Walk walk = harbor.repositories(cursor);
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == ErrorCode::invalid_argument);
  }
  for (const std::string& cursor :
       {std::string(R"({"kind":"harbor"})"), std::string(R"({"kind":"harbor","repository":"p/other","page":"2","first":"","last":""})"),
        std::string(R"({"kind":"harbor","repository":"p/a","page":"0","first":"","last":""})")}) {
    INFO(cursor);
    const Walk walk = harbor.tags("p/a", cursor);
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == ErrorCode::invalid_argument);
  }
  CHECK(harbor.asked().empty());
}

TEST_CASE("docker-v2: a refusal of the catalog says which right is missing", "[enumerator][docker-v2]") {
  for (const int status : {401, 403, 404}) {
    INFO(status);
    Script script;
    script.status(kFirst, status, {{"WWW-Authenticate", "Basic realm=\"x\""}}, R"({"errors":[{"code":"DENIED","message":"no"}]})");
    ScriptedRegistry registry({"r.example"}, "docker-v2", script);
    const Walk walk = registry.repositories();
    REQUIRE(walk.error.has_value());
    CHECK(walk.error->code() == (status == 401 ? ErrorCode::unauthorized : ErrorCode::forbidden));
    CHECK(mentions(walk, "registry:catalog:*"));
    CHECK(mentions(walk, "r.example"));
  }
}

TEST_CASE("AWS ECR: n stays at 1,000, the cursor is opaque, and JSON may be text/plain", "[enumerator][ecr]") {
  const std::string host = "012345678901.dkr.ecr.eu-west-1.amazonaws.com";
  const std::string base = "GET https://" + host;
  Script script;
  script.login["https://" + host] = {"authorization", "Basic " + base64_encode(as_bytes("AWS:pass-word-7"))};
  script.json(
      base + "/v2/_catalog?n=1000", R"({"repositories":["team/a"]})",
      {{"Content-Type", "text/plain; charset=utf-8"}, {"Link", next("https://" + host + "/v2/_catalog?last=b3BhcXVl%2B%3D%3D&n=1000")}});
  script.json(base + "/v2/_catalog?last=b3BhcXVl%2B%3D%3D&n=1000", R"({"repositories":["team/b"]})");
  script.json(base + "/v2/team/a/tags/list?n=1000", R"({"name":"team/a","tags":["1"]})", {{"Content-Type", "text/plain"}});
  ScriptedRegistry registry({host}, "auto", script, Credentials::basic("AWS", Secret("pass-word-7")));
  CHECK(registry.kind() == "ecr");
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"team/a", "team/b"});
  CHECK(registry.repositories(walk.cursors.at(0)).names == Strings{"team/b"});
  CHECK(registry.tags("team/a").names == Strings{"1"});
  CHECK(registry.asked_for("n=1001") == 0);
}

TEST_CASE("ECR Public: a full page without a Link is the last, since a rebuilt last= is a 405 there", "[enumerator][ecr-public]") {
  Script script;
  script.json("GET https://public.ecr.aws/v2/a/tags/list?n=1000", R"({"tags":)" + many("t", 1000) + '}');
  script.status("GET https://public.ecr.aws/v2/_catalog?n=1000", 401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
  ScriptedRegistry registry({"public.ecr.aws"}, "auto", script);
  const Walk tags = registry.tags("a");
  REQUIRE_FALSE(tags.error.has_value());
  CHECK(tags.names.size() == 1000);
  CHECK(registry.asked().size() == 1);
  CHECK(mentions(registry.repositories(), "ecr-public:DescribeRepositories"));
}

TEST_CASE("OpenShift: listed as the specification says, and a refusal names the cluster role", "[enumerator][openshift]") {
  Script script;
  script.status("GET https://r.example/v2/", 401, {{"WWW-Authenticate", "Bearer realm=\"https://r.example/openshift/token\""}});
  script.json(kFirst, R"({"repositories":["project/app"]})");
  ScriptedRegistry registry({"r.example"}, "auto", script);
  CHECK(registry.kind() == "openshift");
  CHECK(registry.repositories().names == Strings{"project/app"});
  script.status(kFirst, 403);
  ScriptedRegistry closed({"r.example"}, "openshift", script);
  CHECK(mentions(closed.repositories(), "registry-viewer"));
}

TEST_CASE("Nexus: a connector's Link below /repository/ is asked for at the list's own path", "[enumerator][nexus]") {
  Script script;
  script.json("GET https://r.example/v2/a/tags/list?n=1000", R"({"tags":["1"]})",
              {{"Link", next("https://r.example/repository/docker-proxy/v2/a/tags/list?n=1000&last=1")}});
  script.status("GET https://r.example/repository/docker-proxy/v2/a/tags/list?n=1000&last=1", 400);
  script.json("GET https://r.example/v2/a/tags/list?n=1000&last=1", R"({"tags":["2"]})");
  ScriptedRegistry registry({"r.example"}, "nexus", script);
  const Walk walk = registry.tags("a");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"1", "2"});
  CHECK(registry.asked_for("/repository/") == 0);
  CHECK(registry.tags("a", walk.cursors.at(0)).names == Strings{"2"});

  // One that hides what it is is followed as it says, and then at the list's own path.
  ScriptedRegistry hidden({"r.example"}, "docker-v2", script);
  CHECK(hidden.tags("a").names == Strings{"1", "2"});
  CHECK(hidden.asked_for("/repository/") == 1);
}

TEST_CASE("Nexus: group repositories send no Link, so a full page is asked on once", "[enumerator][nexus]") {
  Script script;
  script.json(kFirst, R"({"repositories":)" + many("a", 1000) + '}');
  script.json(kFirst + "&last=a0999", R"({"repositories":["a0999","b"]})");
  ScriptedRegistry registry({"r.example"}, "nexus", script);
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names.size() == 1001);
  CHECK(walk.names.back() == "b");
  CHECK(registry.asked() == Strings{kFirst, kFirst + "&last=a0999"});
}

TEST_CASE("Nexus: tags null is a repository without tags", "[enumerator][nexus]") {
  Script script;
  script.json("GET https://r.example/v2/a/tags/list?n=1000", R"({"name":"a","tags":null})");
  ScriptedRegistry registry({"r.example"}, "nexus", script);
  const Walk walk = registry.tags("a");
  CHECK_FALSE(walk.error.has_value());
  CHECK(walk.names.empty());
}
