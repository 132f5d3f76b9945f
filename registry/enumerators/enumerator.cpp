// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/enumerator.hpp"

#include "core/base/text.hpp"
#include "core/wire/registry_kinds.hpp"
#include "registry/enumerators/detect.hpp"
#include "registry/enumerators/enumerators.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

using Make = std::shared_ptr<Enumerator> (*)(std::shared_ptr<Client>);
struct Maker {
  std::string_view kind;
  Make make;
};
constexpr std::array<Maker, 11> kMakers{{
    {"docker-hub", make_docker_hub},
    {"ecr", make_ecr},
    {"acr", make_acr},
    {"gcr", make_gcr},
    {"artifact-registry", make_artifact_registry},
    {"harbor", make_harbor},
    {"artifactory", make_artifactory},
    {"quay", make_quay},
    {"msr", make_msr},
    {"gitlab", make_gitlab},
    {"ghcr", make_ghcr},
}};

/// Kinds whose API is the vendor's common host: credentials for another registry must not go there.
bool fits(std::string_view kind, const Endpoint& endpoint) {
  const bool one_host = kind == "docker-hub" || kind == "ghcr" || kind == "gcr" || kind == "artifact-registry";
  return !one_host || (kind_of_host(endpoint.host) == kind && !endpoint.plain_http);
}

}  // namespace

Awaitable<std::shared_ptr<Enumerator>> open_enumerator(std::shared_ptr<Client> client) {
  std::string kind = client->endpoint().kind;
  if (!is_registry_kind(kind)) {
    co_return Error(ErrorCode::invalid_argument, "no such kind of registry: " + landwaiter::quoted(kind));
  }
  if (auto base = client->base(); !base) co_return base.error();
  if (kind == "auto") kind = kind_of_host(client->endpoint().host);
  if (kind.empty()) {
    auto probe = co_await client->probe();
    if (!probe) co_return probe.error();
    kind = kind_of_probe(*probe);
  }
  if (!fits(kind, client->endpoint())) {
    co_return Error(ErrorCode::invalid_argument,
                    "registry " + client->endpoint().host + " is not of the kind " + kind + ", which has its own host names");
  }
  const auto maker = std::ranges::find(kMakers, kind, &Maker::kind);
  co_return maker == kMakers.end() ? make_plain(kind, std::move(client)) : maker->make(std::move(client));
}

}  // namespace landwaiter::registry
