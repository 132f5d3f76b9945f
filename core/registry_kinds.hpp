// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace landwaiter {

/// The kinds of registries that an endpoint may name; the first one lets the sensor find out. Titles and how each is listed are in
/// registry/enumerator.hpp, which the platform does not know.
inline constexpr std::array<std::string_view, 16> registry_kind_names{
    "auto",   "docker-v2",   "docker-hub", "ecr",       "ecr-public", "acr", "gcr",    "artifact-registry",
    "harbor", "artifactory", "quay",       "openshift", "nexus",      "msr", "gitlab", "ghcr"};

inline bool is_registry_kind_name(std::string_view name) {
  return std::ranges::find(registry_kind_names, name) != registry_kind_names.end();
}

}  // namespace landwaiter
