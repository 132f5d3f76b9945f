// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/login.hpp"

#include <memory>

namespace landwaiter::registry {

/// Logins by GetAuthorizationToken of ECR or ECR Public, signed with the endpoint's key, or with that of the role that it first assumes
/// at STS (registry/auth/aws_api). They are valid for 12 hours, and renewed when less than one hour remains.
std::shared_ptr<LoginSource> make_aws_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
