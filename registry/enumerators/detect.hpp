// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/client.hpp"

#include <string_view>

namespace landwaiter::registry {

/// The kind of registry that a host name belongs to, by its whole name ("myteam.azurecr.io"); empty if it matches none. A name that
/// merely ends like a vendor's is not the vendor's. `host` is as in Endpoint; a port other than the vendor's never matches.
std::string_view kind_of_host(std::string_view host);

/// The kind that the answer to GET /v2/ reveals; "docker-v2" if none.
std::string_view kind_of_probe(const Probe& probe);

}  // namespace landwaiter::registry
