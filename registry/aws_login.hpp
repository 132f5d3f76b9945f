// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/login.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::registry {

/// Amazon ECR by its host, which is matched whole: "<12 digits>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]", or "public.ecr.aws".
struct EcrHost {
  std::string region;
  std::string domain;      ///< "amazonaws.com", "amazonaws.com.cn"
  bool fips = false;
  bool public_gallery = false;
};
std::optional<EcrHost> parse_ecr_host(std::string_view host);

/// Logins by GetAuthorizationToken of ECR or ECR Public, signed with the key of the endpoint, or with that of the role which it assumes
/// first at STS. AWS gives them for 12 hours; they are renewed when less than one is left. When AWS says that our clock is off, its
/// own time is used.
std::shared_ptr<LoginSource> make_aws_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
