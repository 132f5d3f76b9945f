// SPDX-License-Identifier: Apache-2.0
#include "core/wire/credentials.hpp"
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kApi = "GET https://artifactregistry.googleapis.com/v1/projects/";
const std::string kRegistry = "GET https://us-docker.pkg.dev/v2/";

Credentials json_key() { return Credentials::basic("_json_key", Secret(R"({"type":"service_account","project_id":"example.com:proj"})")); }
Credentials access_token() { return Credentials::basic("oauth2accesstoken", Secret("ya29.access")); }

/// What a service account's key gives: the registry takes an access token, and the key names the project.
Credentials service_account() {
  Credentials out = access_token();
  out.google_key_json = Secret(R"({"type":"service_account","project_id":"example.com:proj"})");
  return out;
}

std::string tags_list(const std::string& children, const std::string& tags, const std::string& manifests = "{}") {
  return R"({"child":)" + children + R"(,"manifest":)" + manifests + R"(,"name":"x","tags":)" + tags + '}';
}

}  // namespace

TEST_CASE("Google GCR: the catalog is taken where it tells something", "[enumerator][gcr]") {
  Script script;
  script.json("GET https://eu.gcr.io/v2/_catalog?n=1000", R"({"repositories":["p/a","p/a/b"]})");
  ScriptedRegistry registry({"eu.gcr.io"}, "auto", script, json_key());
  CHECK(registry.kind() == "gcr");
  CHECK(registry.repositories().names == Strings{"p/a", "p/a/b"});
}

TEST_CASE("Google GCR: without a catalog the project's child lists are walked", "[enumerator][gcr]") {
  const std::string base = "GET https://gcr.io/v2/";
  Script script;
  script.json(base + "_catalog?n=1000", R"({"repositories":[]})");
  script.json(base + "example.com/proj/tags/list?n=1000", tags_list(R"(["app","dir","UP"])", "[]"));
  script.json(base + "example.com/proj/app/tags/list?n=1000", tags_list("[]", R"(["1"])"));
  script.json(base + "example.com/proj/dir/tags/list?n=1000", tags_list(R"(["deep","gone"])", "[]"));
  script.json(base + "example.com/proj/dir/deep/tags/list?n=1000", tags_list("[]", "[]", R"({")" + digest_of('a') + R"(":{"tag":[]}})"));
  ScriptedRegistry registry({"gcr.io"}, "gcr", script, json_key());
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"example.com/proj/app", "example.com/proj/dir/deep"});
  CHECK(walk.invalid == Strings{"example.com/proj/UP"});
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("example.com/proj/dir/gone: ") == 0);
  REQUIRE(walk.cursors.size() == 5);
  CHECK(registry.repositories(walk.cursors[2]).names == Strings{"example.com/proj/dir/deep"});
}

TEST_CASE("Google GCR: an empty catalog and no project is an error that says what to give", "[enumerator][gcr]") {
  Script script;
  script.json("GET https://gcr.io/v2/_catalog?n=1000", R"({"repositories":[]})");
  ScriptedRegistry registry({"gcr.io"}, "gcr", script, access_token());
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::forbidden);
  CHECK(mentions(walk, "service account's key"));
}

TEST_CASE("Google: tags/list's manifest map tells digests and upload times, which saves HEADs", "[enumerator][gcr][artifact-registry]") {
  for (const std::string host : {"gcr.io", "us-docker.pkg.dev"}) {
    INFO(host);
    Script script;
    script.json(
        "GET https://" + host + "/v2/p/a/tags/list?n=1000",
        tags_list("[]", R"(["1","2","latest"])",
                  R"({")" + digest_of('a') +
                      R"(":{"tag":["1","latest"],"timeUploadedMs":"1767323045678","timeCreatedMs":"0"},"nonsense":{"tag":["2"]},")" +
                      digest_of('b') + R"(":{"tag":["elsewhere"],"timeUploadedMs":"-1"}})"));
    ScriptedRegistry registry({host}, "auto", script);
    const Walk walk = registry.tags("p/a");
    REQUIRE_FALSE(walk.error.has_value());
    CHECK(walk.told() ==
          Strings{"1 " + digest_of('a') + " 2026-01-02T03:04:05Z", "2 - -", "latest " + digest_of('a') + " 2026-01-02T03:04:05Z"});
    CHECK(registry.asked().size() == 1);
  }
}

TEST_CASE("Google: a list that was cut near 1,000 is asked on", "[enumerator][gcr][artifact-registry]") {
  Script script;
  script.json(kRegistry + "p/r/a/tags/list?n=1000", R"({"tags":)" + many("t", 950) + '}');
  script.json(kRegistry + "p/r/a/tags/list?n=1000&last=t0949", R"({"tags":)" + many("t", 70, 950) + '}');
  ScriptedRegistry registry({"us-docker.pkg.dev"}, "auto", script);
  const Walk walk = registry.tags("p/r/a");
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names.size() == 1020);
  CHECK(walk.names.back() == "t1019");
}

TEST_CASE("Google Artifact Registry: the catalog is empty, so its API lists the key's project", "[enumerator][artifact-registry]") {
  Script script;
  const std::string repositories = kApi + "example.com%3Aproj/locations/us/repositories?pageSize=1000";
  script.json(
      repositories,
      R"({"repositories":[{"name":"projects/example.com:proj/locations/us/repositories/docker","format":"DOCKER"},)"
      R"({"name":"projects/p/locations/us/repositories/maven","format":"MAVEN"},)"
      R"({"name":"projects/p/locations/us/repositories/all","format":"DOCKER","mode":"VIRTUAL_REPOSITORY"}],"nextPageToken":"T/2"})");
  script.json(repositories + "&pageToken=T%2F2",
              R"({"repositories":[{"name":"projects/p/locations/us/repositories/more","format":"DOCKER"}]})");
  const std::string docker = kApi + "example.com%3Aproj/locations/us/repositories/docker/packages?pageSize=1000";
  script.json(docker, R"({"packages":[{"name":"projects/p/locations/us/repositories/docker/packages/app"}],"nextPageToken":"n"})");
  script.json(docker + "&pageToken=n", R"({"packages":[{"name":"projects/p/locations/us/repositories/docker/packages/team%2Ftool"}]})");
  script.json(kApi + "example.com%3Aproj/locations/us/repositories/more/packages?pageSize=1000", "{}");
  script.login["https://artifactregistry.googleapis.com"] = {"authorization", "Bearer ya29.access"};
  ScriptedRegistry registry({"us-docker.pkg.dev", "artifactregistry.googleapis.com"}, "auto", script, service_account());
  CHECK(registry.kind() == "artifact-registry");
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"example.com/proj/docker/app", "example.com/proj/docker/team/tool"});
  CHECK(registry.asked_for("_catalog") == 0);
  REQUIRE(walk.cursors.size() == 5);
  CHECK(registry.repositories(walk.cursors[2]).names == Strings{"example.com/proj/docker/team/tool"});
}

TEST_CASE("Google Artifact Registry: an access token lists all projects that it sees", "[enumerator][artifact-registry]") {
  Script script;
  script.login["https://cloudresourcemanager.googleapis.com"] = {"authorization", "Bearer ya29.access"};
  script.login["https://artifactregistry.googleapis.com"] = {"authorization", "Bearer ya29.access"};
  script.json("GET https://cloudresourcemanager.googleapis.com/v1/projects?pageSize=1000",
              R"({"projects":[{"projectId":"p1","lifecycleState":"ACTIVE"},{"projectId":"p2"},{"projectId":"dying",)"
              R"("lifecycleState":"DELETE_REQUESTED"}]})");
  script.status(kApi + "p1/locations/us/repositories?pageSize=1000", 403, {}, R"({"error":{"code":403,"message":"API disabled"}})");
  script.json(kApi + "p2/locations/us/repositories?pageSize=1000",
              R"({"repositories":[{"name":"projects/p2/locations/us/repositories/r","format":"DOCKER"}]})");
  script.json(kApi + "p2/locations/us/repositories/r/packages?pageSize=1000",
              R"({"packages":[{"name":"projects/p2/locations/us/repositories/r/packages/app"}]})");
  ScriptedRegistry registry({"us-docker.pkg.dev", "artifactregistry.googleapis.com", "cloudresourcemanager.googleapis.com"},
                            "artifact-registry", script, access_token());
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"p2/r/app"});
  REQUIRE(walk.unlisted.size() == 1);
  CHECK(walk.unlisted[0].find("projects/p1: 403") == 0);
}

TEST_CASE("Google Artifact Registry: an empty catalog is no answer when the API is refused", "[enumerator][artifact-registry]") {
  Script script;
  script.json(kRegistry + "_catalog?n=1000", R"({"repositories":[]})");
  script.status("GET https://cloudresourcemanager.googleapis.com/v1/projects?pageSize=1000", 403);
  ScriptedRegistry registry({"us-docker.pkg.dev", "cloudresourcemanager.googleapis.com"}, "auto", script, access_token());
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::forbidden);
  CHECK(mentions(walk, "Artifact Registry Reader"));
  CHECK_FALSE(mentions(walk, "ya29"));
}

TEST_CASE("Security: a service account's key given as _json_key is never sent to the API as a token", "[enumerator][artifact-registry]") {
  Script script;
  script.json(kRegistry + "_catalog?n=1000", R"({"repositories":[]})");
  ScriptedRegistry registry({"us-docker.pkg.dev", "artifactregistry.googleapis.com", "cloudresourcemanager.googleapis.com"}, "auto", script,
                            json_key());
  const Walk walk = registry.repositories();
  REQUIRE(walk.error.has_value());
  CHECK(walk.error->code() == ErrorCode::unauthorized);
  CHECK(mentions(walk, "give its key as Google credentials"));
  CHECK(registry.asked_for("googleapis.com") == 0);
}
