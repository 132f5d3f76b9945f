// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/detect.hpp"

#include "core/base/text.hpp"
#include "registry/auth/aws_api.hpp"
#include "registry/auth/azure_login.hpp"
#include "registry/auth/google_login.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace landwaiter::registry {
namespace {

std::string header_of(const Probe& probe, std::string_view name) {
  const auto found = std::ranges::find_if(probe.headers, [&](const Header& header) { return iequals(header.name, name); });
  return found == probe.headers.end() ? std::string() : found->value;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Path of a realm, which may be relative.
std::string_view path_of(std::string_view realm) {
  const std::size_t scheme = realm.find("://");
  if (scheme != std::string_view::npos) {
    const std::size_t slash = realm.find('/', scheme + 3);
    realm = slash == std::string_view::npos ? std::string_view("/") : realm.substr(slash);
  }
  return realm.substr(0, realm.find('?'));
}

std::string_view kind_of_challenge(const Challenge& challenge) {
  const std::string realm = challenge.parameter("realm");
  const std::string service = challenge.parameter("service");
  if (challenge.scheme == "basic") return iequals(realm, "Sonatype Nexus Repository Manager") ? "nexus" : "";
  if (challenge.scheme != "bearer") return {};
  const std::string_view path = path_of(realm);
  if (service == "harbor-registry" && path.ends_with("/service/token")) return "harbor";
  if (service == "container_registry" && path.ends_with("/jwt/auth")) return "gitlab";
  if (path.ends_with("/openshift/token")) return "openshift";
  // A wrong guess costs nothing: without the API, the catalog is used.
  if (contains(path, "/artifactory/api/docker/") || path.ends_with("/v2/token")) return "artifactory";
  if (path == "/v2/auth") return "quay";
  if (path == "/auth/token") return "msr";
  return {};
}

}  // namespace

std::string_view kind_of_host(std::string_view host) {
  if (host.ends_with(":443")) host.remove_suffix(4);
  const std::string lower = to_lower(host);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names{{
      {"docker.io", "docker-hub"},
      {"index.docker.io", "docker-hub"},
      {"registry-1.docker.io", "docker-hub"},
      {"quay.io", "quay"},
      {"ghcr.io", "ghcr"},
      {"registry.gitlab.com", "gitlab"},
  }};
  for (const auto& [name, kind] : names) {
    if (lower == name) return kind;
  }
  if (const auto ecr = parse_ecr_host(lower)) return ecr->public_gallery ? "ecr-public" : "ecr";
  if (is_acr_host(lower)) return "acr";
  if (is_google_host(lower)) return lower.ends_with(".pkg.dev") ? "artifact-registry" : "gcr";
  return {};
}

std::string_view kind_of_probe(const Probe& probe) {
  if (!header_of(probe, "X-JFrog-Version").empty() || !header_of(probe, "X-Artifactory-Id").empty()) return "artifactory";
  if (header_of(probe, "Server").starts_with("Nexus/")) return "nexus";
  if (!header_of(probe, "X-Harbor-Csrf-Token").empty()) return "harbor";
  for (const Challenge& challenge : probe.challenges) {
    const std::string_view kind = kind_of_challenge(challenge);
    if (!kind.empty()) return kind;
  }
  return "docker-v2";
}

}  // namespace landwaiter::registry
