// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/detect.hpp"

#include "core/wire/registry_kinds.hpp"
#include "tests/registry/support/script.hpp"

#include <set>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

TEST_CASE("Detection: vendors' hosts are known by their whole name, look-alikes are not", "[enumerator][detect]") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"docker.io", "docker-hub"},
      {"index.docker.io", "docker-hub"},
      {"registry-1.docker.io", "docker-hub"},
      {"DOCKER.io:443", "docker-hub"},
      {"docker.io.evil.example", ""},
      {"evil-docker.io", ""},
      {"012345678901.dkr.ecr.eu-west-1.amazonaws.com", "ecr"},
      {"012345678901.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "ecr"},
      {"012345678901.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr"},
      {"12345678901.dkr.ecr.eu-west-1.amazonaws.com", ""},
      {"a12345678901.dkr.ecr.eu-west-1.amazonaws.com", ""},
      {"x.012345678901.dkr.ecr.eu-west-1.amazonaws.com", ""},
      {"012345678901.dkr.ecr.eu-west-1.amazonaws.com.evil", ""},
      {"012345678901.dkr.ecr.eu-west-1.amazonaws.com:5000", ""},
      {"012345678901.dkr.ecr.eu-west-1.evilamazonaws.com", ""},
      {"public.ecr.aws", "ecr-public"},
      {"evil.public.ecr.aws", ""},
      {"team.azurecr.io", "acr"},
      {"team.azurecr.us", "acr"},
      {"team.azurecr.cn", "acr"},
      {"evil-azurecr.io", ""},
      {"azurecr.io", ""},
      {"team.azurecr.io.evil.example", ""},
      {"team.azurecr.com", ""},
      {"gcr.io", "gcr"},
      {"eu.gcr.io", "gcr"},
      {"evilgcr.io", ""},
      {"a.b.gcr.io", ""},
      {"us-central1-docker.pkg.dev", "artifact-registry"},
      {"europe-docker.pkg.dev", "artifact-registry"},
      {"-docker.pkg.dev", ""},
      {"us-maven.pkg.dev", ""},
      {"us-docker.pkg.dev.evil.example", ""},
      {"quay.io", "quay"},
      {"quay.io.example", ""},
      {"ghcr.io", "ghcr"},
      {"xghcr.io", ""},
      {"registry.gitlab.com", "gitlab"},
      {"registry.gitlab.com.example", ""},
      {"localhost:5000", ""},
      {"", ""},
  };
  for (const auto& [host, kind] : table) {
    INFO(host);
    CHECK(kind_of_host(host) == kind);
  }
}

TEST_CASE("Detection: other registries are known by their answer to /v2/", "[enumerator][detect]") {
  const std::string bearer = "Bearer realm=\"https://r.example";
  const std::vector<std::pair<std::pair<std::string, std::string>, std::string>> table{
      {{"WWW-Authenticate", bearer + "/service/token\",service=\"harbor-registry\""}, "harbor"},
      {{"WWW-Authenticate", bearer + "/service/token\",service=\"other\""}, "docker-v2"},
      {{"WWW-Authenticate", bearer + "/v2/auth\",service=\"r.example\""}, "quay"},
      {{"WWW-Authenticate", "Bearer realm=\"https://gitlab.example/jwt/auth\",service=\"container_registry\""}, "gitlab"},
      {{"WWW-Authenticate", bearer + "/openshift/token\""}, "openshift"},
      {{"WWW-Authenticate", bearer + "/artifactory/api/docker/local/v2/token\",service=\"r.example\""}, "artifactory"},
      {{"WWW-Authenticate", bearer + "/v2/token\",service=\"r.example\""}, "artifactory"},
      {{"X-JFrog-Version", "Artifactory/7.46.11 74611900"}, "artifactory"},
      {{"X-Artifactory-Id", "abc"}, "artifactory"},
      {{"Server", "Nexus/3.61.0-02 (OSS)"}, "nexus"},
      {{"WWW-Authenticate", "BASIC realm=\"Sonatype Nexus Repository Manager\""}, "nexus"},
      {{"WWW-Authenticate", bearer + "/auth/token\",service=\"r.example\""}, "msr"},
      {{"WWW-Authenticate", bearer + "/auth\",service=\"Docker registry\""}, "docker-v2"},
      {{"WWW-Authenticate", "Basic realm=\"Registry\""}, "docker-v2"},
      {{"Docker-Distribution-Api-Version", "registry/2.0"}, "docker-v2"},
  };
  std::set<std::string> found;
  for (const auto& [header, kind] : table) {
    INFO(header.first + ": " + header.second);
    Script script;
    script.status("GET https://r.example/v2/", 401, {header});
    ScriptedRegistry registry({"r.example"}, "auto", script);
    CHECK(registry.kind() == kind);
    CHECK(registry.asked() == Strings{"GET https://r.example/v2/"});
    found.insert(kind);
  }
  CHECK(found.size() == 8);
}

TEST_CASE("Detection: every kind has a name, a title and an enumerator of that name", "[enumerator][detect]") {
  const std::map<std::string, std::string> own_hosts{
      {"docker-hub", "docker.io"}, {"ghcr", "ghcr.io"}, {"gcr", "gcr.io"}, {"artifact-registry", "us-docker.pkg.dev"}};
  CHECK(kRegistryKinds.front().name == "auto");
  for (const RegistryKind& kind : kRegistryKinds) {
    if (kind.name == "auto") continue;
    const std::string name(kind.name);
    INFO(name);
    CHECK_FALSE(kind.title.empty());
    const auto own = own_hosts.find(name);
    ScriptedRegistry registry({own == own_hosts.end() ? "r.example" : own->second}, name, Script());
    CHECK(registry.kind() == name);
    CHECK(registry.asked().empty());
  }
  ScriptedRegistry unknown({"r.example"}, "floppy", Script());
  CHECK(unknown.open().error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("Security: a kind whose API has a host of its own is refused for another registry", "[enumerator][detect]") {
  for (const char* kind : {"docker-hub", "ghcr", "gcr", "artifact-registry"}) {
    INFO(kind);
    ScriptedRegistry registry({"evil-docker.pkg.dev.example"}, kind, Script(), Credentials::basic("u", Secret("pass-word-7")));
    auto opened = registry.open();
    REQUIRE(opened.has_error());
    CHECK(opened.error().code() == ErrorCode::invalid_argument);
    CHECK(registry.asked().empty());
  }
}
