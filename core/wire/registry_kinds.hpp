// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

struct RegistryKind {
  std::string_view name;   ///< "harbor"
  std::string_view title;  ///< for people
};

/// The kinds of registries that an endpoint may name; the first one leaves it to the sensor to find out. How each is listed is in
/// registry/enumerators/.
inline constexpr std::array<RegistryKind, 16> kRegistryKinds{{
    {"auto", "detected from its host and its answers"},
    {"docker-v2", "Docker Registry V2"},
    {"docker-hub", "Docker Hub"},
    {"ecr", "Amazon ECR"},
    {"ecr-public", "Amazon ECR Public"},
    {"acr", "Azure Container Registry"},
    {"gcr", "Google Container Registry"},
    {"artifact-registry", "Google Artifact Registry"},
    {"harbor", "Harbor"},
    {"artifactory", "JFrog Artifactory"},
    {"quay", "Quay"},
    {"openshift", "OpenShift registry"},
    {"nexus", "Sonatype Nexus Repository"},
    {"msr", "Mirantis Secure Registry"},
    {"gitlab", "GitLab Container Registry"},
    {"ghcr", "GitHub Container Registry"},
}};

inline bool is_registry_kind(std::string_view name) {
  return std::ranges::find(kRegistryKinds, name, &RegistryKind::name) != kRegistryKinds.end();
}

inline std::vector<std::string> registry_kind_names() {
  std::vector<std::string> names;
  for (const RegistryKind& kind : kRegistryKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace landwaiter
