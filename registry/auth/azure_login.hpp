// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/login.hpp"

#include <string_view>

namespace landwaiter::registry {

/// "<name>.azurecr.io", ".us" or ".cn", the whole host.
bool is_acr_host(std::string_view host);

/// Logins of a service principal: an access token of Microsoft Entra ID is exchanged at the registry for its refresh token.
std::shared_ptr<LoginSource> make_azure_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
