// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerator.hpp"

#include "core/text.hpp"
#include "registry/enumerators/enumerators.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

constexpr std::array<RegistryKind, 1> kKinds{{
    {"docker-v2", "Docker Registry V2"},
}};

}  // namespace

std::span<const RegistryKind> registry_kinds() { return kKinds; }

bool is_registry_kind(std::string_view name) { return std::ranges::find(kKinds, name, &RegistryKind::name) != kKinds.end(); }

Awaitable<std::shared_ptr<Enumerator>> open_enumerator(std::shared_ptr<Client> client) {
  const std::string kind = client->endpoint().kind;
  if (kind != "auto" && !is_registry_kind(kind)) {
    co_return Error(ErrorCode::invalid_argument, "no such kind of registry: " + landwaiter::quoted(kind));
  }
  co_return make_docker_v2(std::move(client));
}

}  // namespace landwaiter::registry
