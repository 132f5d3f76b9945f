// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/credentials.hpp"
#include "registry/http/url.hpp"

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// How to reach a registry, and with which credentials.
struct Endpoint {
  std::string host;             ///< "localhost:5000", "docker.io" (contacted as registry-1.docker.io)
  bool plain_http = false;      ///< requested by the user; loopback hosts use plain HTTP anyway
  bool explicit_https = false;  ///< requested by the user: TLS even for a loopback host
  bool tls_verify = true;       ///< false only at the user's request; see unverified_origin
  std::string kind = "auto";    ///< a name of core/wire/registry_kinds.hpp
  Credentials credentials;

  /// "registry.example.com:5000", "http://localhost:5000", "https://host/", "docker://host". Error: invalid_argument.
  static Result<Endpoint> parse(std::string_view url);
};

/// One of the names of Docker Hub's registry.
bool is_hub(std::string_view host);
/// Where an endpoint's API lives: https, unless plain HTTP was requested, or the host is loopback and https was not requested.
Result<HttpUrl> base_url(const Endpoint& endpoint);
/// The registry as references name it, however it was spelled: in lower case, without the port that is meant anyway.
std::string reference_host(const Endpoint& endpoint);
/// The origin that needs no TLS verification: the registry's own if the user asked for it, otherwise none. Its token realm on another
/// host, hosts of redirects and clouds' logins never belong to it: the user knows this registry's certificate, not theirs.
std::string unverified_origin(const Endpoint& endpoint);
/// Describes the credentials for people, without secrets: "anonymously", `as user "x"`, "with a token".
std::string identity(const Endpoint& endpoint);

}  // namespace landwaiter::registry
