// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"
#include "tests/registry/support/script.hpp"

#include <algorithm>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kHost = "https://art.example";
const std::string kGet = "GET " + kHost;
const std::string kKeys = R"([{"key":"local","type":"LOCAL","packageType":"Docker"},{"key":"all","type":"VIRTUAL","packageType":"Docker"},)"
                          R"({"key":"Hub","type":"REMOTE","packageType":"Docker"},{"key":"jars","type":"LOCAL","packageType":"Maven"},)"
                          R"({"key":"remote","type":"REMOTE","packageType":"Docker"}])";

std::string next(const std::string& target) { return '<' + target + ">; rel=\"next\""; }

Script by_path(const std::string& context) {
  Script script;
  script.json(kGet + context + "/api/repositories?packageType=docker", kKeys);
  const std::string local = kGet + context + "/api/docker/local/v2/_catalog";
  // The Link drops the key and counts instead of naming.
  script.json(local + "?n=1000", R"({"repositories":["a","b"]})", {{"Link", next("/v2/_catalog?last=1000&n=1000")}});
  script.json(local + "?last=1000&n=1000", R"({"repositories":["team/c"]})");
  script.json(kGet + context + "/api/docker/remote/v2/_catalog?n=1000", R"({"repositories":["a"]})");
  return script;
}

}  // namespace

TEST_CASE("Artifactory: repositories are listed by key, and the key is part of names", "[enumerator][artifactory]") {
  for (const std::string context : {"/artifactory", ""}) {
    INFO(context);
    ScriptedRegistry registry({"art.example"}, "artifactory", by_path(context));
    const Walk walk = registry.repositories();
    REQUIRE_FALSE(walk.error.has_value());
    CHECK(walk.names == Strings{"local/a", "local/b", "local/team/c", "remote/a"});
    REQUIRE(walk.unlisted.size() == 1);
    CHECK(walk.unlisted[0].find("Hub: ") == 0);
    REQUIRE(walk.cursors.size() == 3);
    CHECK(registry.repositories(walk.cursors[1]).names == Strings{"local/team/c", "remote/a"});
  }
}

TEST_CASE("Artifactory: a host that stands for one repository has a catalog of its own, without keys", "[enumerator][artifactory]") {
  Script script = by_path("/artifactory");
  script.json(kGet + "/v2/_catalog?n=1000", R"({"repositories":["a","b/c"]})");
  ScriptedRegistry registry({"art.example"}, "artifactory", script);
  CHECK(registry.repositories().names == Strings{"a", "b/c"});
  CHECK(registry.asked_for("/api/repositories") == 0);
  // One without images, whose API is closed, is empty and no failure.
  Script empty;
  empty.json(kGet + "/v2/_catalog?n=1000", R"({"repositories":[]})");
  ScriptedRegistry bare({"art.example"}, "artifactory", empty);
  const Walk walk = bare.repositories();
  CHECK_FALSE(walk.error.has_value());
  CHECK(walk.names.empty());
}

TEST_CASE("Artifactory: a tag list's Link without the key is asked for at the list's own path", "[enumerator][artifactory]") {
  Script script;
  script.json(kGet + "/v2/docker/renovate/renovate/tags/list?n=1000", R"({"tags":)" + many("t", 1000) + '}',
              {{"Link", next("/v2/renovate/renovate/tags/list?last=10000&n=10000")}});
  script.json(kGet + "/v2/docker/renovate/renovate/tags/list?last=10000&n=10000", R"({"tags":["z"]})");
  ScriptedRegistry registry({"art.example"}, "artifactory", script);
  const Walk walk = registry.tags("docker/renovate/renovate");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names.size() == 1001);
  CHECK(registry.tags("docker/renovate/renovate", walk.cursors.at(0)).names == Strings{"z"});
}

TEST_CASE("Artifactory: digests listed as tags are no tags", "[enumerator][artifactory]") {
  Script script;
  script.json(kGet + "/v2/local/a/tags/list?n=1000", R"({"tags":["1",")" + digest_of('a') + R"(","sha256:short"]})");
  ScriptedRegistry registry({"art.example"}, "artifactory", script);
  const Walk walk = registry.tags("local/a");
  CHECK(walk.names == Strings{"1"});
  CHECK(walk.invalid == Strings{"sha256:short"});
}

TEST_CASE("Artifactory: push times come by AQL", "[enumerator][artifactory]") {
  Script script;
  script.login[kHost] = {"authorization", "Basic " + base64_encode(as_bytes("u:pass-word-7"))};
  script.json(kGet + "/v2/local/team/a/tags/list?n=1000", R"({"tags":["1","2"]})");
  script.json("POST " + kHost + "/artifactory/api/search/aql",
              R"({"results":[{"repo":"local","path":"team/a/1","name":"manifest.json","created":"2026-01-02T05:04:05.678+02:00"},)"
              R"({"repo":"local","path":"team/a/b/2","created":"2020-01-01T00:00:00Z"}],"range":{"total":2}})");
  ScriptedRegistry registry({"art.example"}, "artifactory", script, Credentials::basic("u", Secret("pass-word-7")));
  CHECK(registry.tags("local/team/a").told() == Strings{"1 - 2026-01-02T03:04:05Z", "2 - -"});
  const auto requests = registry.requests();
  const auto query = std::ranges::find(requests, "POST", &ScriptedRequest::method);
  REQUIRE(query != requests.end());
  CHECK(query->header("content-type") == "text/plain");
  CHECK(query->body ==
        R"(items.find({"$or":[{"name":"manifest.json"},{"name":"list.manifest.json"}],"path":{"$match":"team/a/*"},"repo":"local"}))"
        R"(.include("repo","path","name","created"))");
}

TEST_CASE("Artifactory: AQL may be forbidden, and only the push times are missing then", "[enumerator][artifactory]") {
  Script script;
  script.json(kGet + "/v2/local/a/tags/list?n=1000", R"({"tags":["1"]})");
  script.status("POST " + kHost + "/artifactory/api/search/aql", 403);
  ScriptedRegistry registry({"art.example"}, "artifactory", script);
  CHECK(registry.tags("local/a").told() == Strings{"1 - -"});
  CHECK(registry.asked_for("/api/search/aql") == 1);
}

TEST_CASE("Artifactory: one repository's failure is told, and a refused API names the right", "[enumerator][artifactory]") {
  Script script = by_path("/artifactory");
  script.status(kGet + "/artifactory/api/docker/local/v2/_catalog?n=1000", 403);
  ScriptedRegistry partly({"art.example"}, "artifactory", script);
  const Walk walk = partly.repositories();
  CHECK(walk.names == Strings{"remote/a"});
  CHECK(walk.unlisted.size() == 2);
  Script closed;
  closed.status(kGet + "/artifactory/api/repositories?packageType=docker", 401);
  ScriptedRegistry none({"art.example"}, "artifactory", closed);
  CHECK(mentions(none.repositories(), "Read on the Docker repositories"));
}
