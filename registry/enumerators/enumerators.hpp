// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/enumerators/enumerator.hpp"

/// The kinds of registries. Each function makes the enumerator of one kind for a client whose base() is valid.
namespace landwaiter::registry {

/// docker-v2, ecr-public, openshift, nexus: the distribution specification's own listing. Null for other kinds.
std::shared_ptr<Enumerator> make_plain(std::string_view kind, std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_acr(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_artifact_registry(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_artifactory(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_docker_hub(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_ecr(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_gcr(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_ghcr(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_gitlab(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_harbor(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_msr(std::shared_ptr<Client> client);
std::shared_ptr<Enumerator> make_quay(std::shared_ptr<Client> client);

}  // namespace landwaiter::registry
