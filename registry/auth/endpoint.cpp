// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/endpoint.hpp"

#include "core/base/text.hpp"
#include "registry/auth/google_login.hpp"
#include "registry/http/address.hpp"
#include "registry/http/host.hpp"

namespace landwaiter::registry {
namespace {

constexpr std::string_view kHubApi = "registry-1.docker.io";

}  // namespace

bool is_hub(std::string_view host) { return host == "docker.io" || host == "index.docker.io" || host == kHubApi; }

Result<Endpoint> Endpoint::parse(std::string_view url) {
  const auto invalid = [&](const std::string& why) {
    return Error(ErrorCode::invalid_argument, "not a registry: " + landwaiter::quoted(url.substr(url.rfind('@') + 1)) + ": " + why);
  };
  Endpoint out;
  std::string_view rest = trim(url);
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end != std::string_view::npos) {
    const std::string scheme = to_lower(rest.substr(0, scheme_end));
    if (scheme != "http" && scheme != "https" && scheme != "docker") return invalid("the scheme must be http, https or docker");
    out.plain_http = scheme == "http";
    out.explicit_https = scheme == "https";
    rest.remove_prefix(scheme_end + 3);
  }
  if (rest.find('@') != std::string_view::npos) return invalid("the address must not contain credentials");
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos) return invalid("it must be a host with an optional port, without a path");
  out.host = to_lower(rest);
  if (!is_host(out.host)) return invalid("it must be a host with an optional port");
  return out;
}

Result<HttpUrl> base_url(const Endpoint& endpoint) {
  const std::string host = is_hub(endpoint.host) ? std::string(kHubApi) : endpoint.host;
  if (!is_host(host)) return Error(ErrorCode::invalid_argument, "not a registry host: " + landwaiter::quoted(host));
  auto url = HttpUrl::parse("https://" + host + "/");
  if (!url) return url.error();
  const bool plain = endpoint.plain_http || (!endpoint.explicit_https && is_loopback_host(url->host));
  if (!plain) return *url;
  return HttpUrl::parse("http://" + host + "/");
}

std::string reference_host(const Endpoint& endpoint) {
  if (is_hub(endpoint.host)) return "docker.io";
  const auto base = base_url(endpoint);
  return base ? base->authority() : endpoint.host;
}

std::string unverified_origin(const Endpoint& endpoint) {
  if (endpoint.tls_verify) return {};
  const auto base = base_url(endpoint);
  return base ? base->origin() : std::string();
}

std::string identity(const Endpoint& endpoint) {
  using Kind = Credentials::Kind;
  const Credentials& credentials = endpoint.credentials;
  const std::string user = credentials.username.empty() ? std::string() : " as user " + landwaiter::quoted(credentials.username);
  switch (credentials.kind) {
    case Kind::anonymous: return "anonymously";
    case Kind::basic: return user.empty() ? "with a password" : user.substr(1);
    case Kind::token: return "with a token" + user;
    case Kind::aws: {
      const std::string role = credentials.aws_role_arn.empty() ? "" : " in role " + landwaiter::quoted(credentials.aws_role_arn);
      return "with AWS key " + landwaiter::quoted(credentials.aws_access_key_id) + role;
    }
    case Kind::azure: return "as Azure service principal " + landwaiter::quoted(credentials.azure_client_id);
    case Kind::google: {
      const auto key = parse_google_key(credentials.google_key_json);
      return key ? "as Google service account " + landwaiter::quoted(key->client_email) : "with a Google service account";
    }
  }
  return {};
}

}  // namespace landwaiter::registry
