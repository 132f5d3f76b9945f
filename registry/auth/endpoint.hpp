// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/credentials.hpp"
#include "registry/http/url.hpp"

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// How to reach a registry and as whom.
struct Endpoint {
  std::string host;             ///< "localhost:5000", "docker.io" (spoken to as registry-1.docker.io)
  bool plain_http = false;      ///< asked for by the user; loopback hosts are spoken to in plain HTTP anyway
  bool explicit_https = false;  ///< asked for by the user: TLS even with a loopback host
  bool tls_verify = true;       ///< false only when asked for
  std::string kind = "auto";    ///< a name of core/wire/registry_kinds.hpp
  Credentials credentials;

  /// "registry.example.com:5000", "http://localhost:5000", "https://host/", "docker://host". Error: invalid_argument.
  static Result<Endpoint> parse(std::string_view url);
};

/// One of the names of Docker Hub's registry.
bool is_hub(std::string_view host);
/// Where an endpoint's API lives: https, unless plain HTTP was asked for or the host is loopback and https was not asked for.
Result<HttpUrl> base_url(const Endpoint& endpoint);
/// As whom the endpoint is asked, for people and without a credential: "anonymously", `as user "x"`, "with a token".
std::string identity(const Endpoint& endpoint);

}  // namespace landwaiter::registry
