// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/detect.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace landwaiter::registry {
namespace {

std::vector<std::string_view> labels_of(std::string_view host) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t dot = host.find('.');
    out.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) return out;
    host.remove_prefix(dot + 1);
  }
}

bool is_label(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// <12 digits>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]
bool is_ecr(const std::vector<std::string_view>& labels) {
  const bool china = labels.size() == 7 && labels[6] == "cn";
  if (labels.size() != 6 && !china) return false;
  const bool account = labels[0].size() == 12 && std::ranges::all_of(labels[0], [](char c) { return c >= '0' && c <= '9'; });
  const bool service = labels[1] == "dkr" && (labels[2] == "ecr" || labels[2] == "ecr-fips");
  return account && service && is_label(labels[3]) && labels[4] == "amazonaws" && labels[5] == "com";
}

/// <name>.azurecr.io, .us or .cn; names of data endpoints have more labels.
bool is_acr(const std::vector<std::string_view>& labels) {
  return labels.size() == 3 && is_label(labels[0]) && labels[1] == "azurecr" &&
         (labels[2] == "io" || labels[2] == "us" || labels[2] == "cn");
}

/// gcr.io, eu.gcr.io
bool is_gcr(const std::vector<std::string_view>& labels) {
  if (labels.size() == 2) return labels[0] == "gcr" && labels[1] == "io";
  return labels.size() == 3 && is_label(labels[0]) && labels[1] == "gcr" && labels[2] == "io";
}

/// <location>-docker.pkg.dev
bool is_artifact_registry(const std::vector<std::string_view>& labels) {
  constexpr std::string_view ending = "-docker";
  return labels.size() == 3 && is_label(labels[0]) && labels[0].size() > ending.size() && labels[0].ends_with(ending) &&
         labels[1] == "pkg" && labels[2] == "dev";
}

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
  // A wrong guess costs nothing: where there is no API, the catalog is asked.
  if (contains(path, "/artifactory/api/docker/") || path.ends_with("/v2/token")) return "artifactory";
  if (path == "/v2/auth") return "quay";
  if (path == "/auth/token") return "msr";
  return {};
}

}  // namespace

std::string_view kind_of_host(std::string_view host) {
  if (host.ends_with(":443")) host.remove_suffix(4);
  const std::string lower = to_lower(host);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> names{{
      {"docker.io", "docker-hub"},
      {"index.docker.io", "docker-hub"},
      {"registry-1.docker.io", "docker-hub"},
      {"public.ecr.aws", "ecr-public"},
      {"quay.io", "quay"},
      {"ghcr.io", "ghcr"},
      {"registry.gitlab.com", "gitlab"},
  }};
  for (const auto& [name, kind] : names) {
    if (lower == name) return kind;
  }
  const auto labels = labels_of(lower);
  if (is_ecr(labels)) return "ecr";
  if (is_acr(labels)) return "acr";
  if (is_gcr(labels)) return "gcr";
  if (is_artifact_registry(labels)) return "artifact-registry";
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
