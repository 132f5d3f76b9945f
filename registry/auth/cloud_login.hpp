// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/api_client.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/auth/login.hpp"
#include "registry/auth/token_cache.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// How the registry sees a cloud's login, and which parts must stay out of messages.
struct CloudLoginForm {
  std::string username;
  bool as_token = false;        ///< the cloud issues a refresh token, not a password
  std::vector<Secret> secrets;  ///< the keys used to obtain it
};

/// A login whose password or token `fetch` gets from a cloud, cached as LoginSource promises. A rejected login is fetched again at most
/// once within limits::login_renew_pause.
std::shared_ptr<LoginSource> make_cloud_login(CloudLoginForm form, TokenCache::Fetch fetch, const Clock& clock);
/// A login that always fails with the given error.
std::shared_ptr<LoginSource> make_refused_login(Error reason);

/// invalid_argument when the endpoint is not one of `cloud`'s registries ("an Amazon ECR registry": `whole_host` says whether its host
/// is), or if it does not use TLS.
Result<void> check_cloud_endpoint(const Endpoint& endpoint, bool whole_host, std::string_view cloud);
/// A label of a cloud's host name, lower-case (RFC 1123 section 2.1).
bool is_label(std::string_view text);
/// The host without an explicit port 443.
std::string_view without_https_port(std::string_view host);

/// A request to a cloud's token service. Refusals (400, 401, 403) are returned as answers, because the caller reads their Date.
Awaitable<ApiAnswer> ask_cloud(std::shared_ptr<ApiClient> api, ApiRequest request);
/// The error for a refusal: forbidden for 403 and for messages about a missing permission, otherwise unauthorized. Contains none of the
/// request's secrets.
Error cloud_refusal(const ApiAnswer& answer, const ApiRequest& request);
/// How far the cloud's clock is ahead of ours, if the difference is large enough to explain a refusal.
std::optional<std::chrono::seconds> clock_skew(const ApiAnswer& answer, SystemTime now);
/// A required string of the answer; it is wiped in the document. Error malformed, without any value.
Result<Secret> take_secret(nlohmann::json& object, const char* name, std::string_view subject);

}  // namespace landwaiter::registry
