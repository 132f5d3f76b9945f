// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/http/url.hpp"

#include <string_view>

namespace landwaiter::registry {

struct Endpoint;

/// One of the names of Docker Hub's registry.
bool is_hub(std::string_view host);
/// Where an endpoint's API lives: https, unless plain HTTP was asked for or the host is loopback and https was not asked for.
Result<HttpUrl> base_url(const Endpoint& endpoint);
/// As whom the endpoint is asked, for people and without a credential: "anonymously", `as user "x"`, "with a token".
std::string identity(const Endpoint& endpoint);

}  // namespace landwaiter::registry
