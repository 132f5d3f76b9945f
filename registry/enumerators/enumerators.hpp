// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/enumerator.hpp"

/// The kinds of registries, one file each. Each function makes the enumerator of one kind for a client.
namespace landwaiter::registry {

/// The distribution specification's own listing: /v2/_catalog and /v2/<name>/tags/list.
std::shared_ptr<Enumerator> make_docker_v2(std::shared_ptr<Client> client);

}  // namespace landwaiter::registry
