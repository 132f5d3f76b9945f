// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/login.hpp"

#include <memory>

namespace landwaiter::registry {

/// Logins by GetAuthorizationToken of ECR or ECR Public, signed with the key of the endpoint, or with that of the role which it assumes
/// first at STS (registry/auth/aws_api). AWS gives them for 12 hours; they are renewed when less than one is left.
std::shared_ptr<LoginSource> make_aws_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
