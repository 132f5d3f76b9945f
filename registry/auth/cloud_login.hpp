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

/// How a cloud's login looks to the registry, and what of it must stay out of texts.
struct CloudLoginForm {
  std::string username;
  bool as_token = false;        ///< what the cloud gives is a refresh token, not a password
  std::vector<Secret> secrets;  ///< the keys that it is got with
};

/// A login whose password or token `fetch` gets from a cloud; caching as LoginSource promises. A refused login is fetched anew at
/// most once within limits::login_renew_pause.
std::shared_ptr<LoginSource> make_cloud_login(CloudLoginForm form, TokenCache::Fetch fetch, const Clock& clock);
/// A login that cannot be had for the reason given.
std::shared_ptr<LoginSource> make_refused_login(Error reason);

/// invalid_argument when the endpoint is not one of `cloud`'s registries ("an Amazon ECR registry": `whole_host` says whether its host
/// is), or is to be spoken to without TLS.
Result<void> check_cloud_endpoint(const Endpoint& endpoint, bool whole_host, std::string_view cloud);
/// A label of a cloud's host name, lower-case (RFC 1123 section 2.1).
bool is_label(std::string_view text);
/// The host without the port 443, which may be spelled out.
std::string_view without_https_port(std::string_view host);

/// A request to a cloud's token service. Refusals (400, 401, 403) are answers, so that their Date can be read.
Awaitable<ApiAnswer> ask_cloud(std::shared_ptr<ApiClient> api, ApiRequest request);
/// What a refusal says: forbidden for 403 and for words of a missing right, else unauthorized. Holds none of the request's secrets.
Error cloud_refusal(const ApiAnswer& answer, const ApiRequest& request);
/// By how much the cloud's clock is ahead of ours, when it is so much that it explains a refusal.
std::optional<std::chrono::seconds> clock_skew(const ApiAnswer& answer, SystemTime now);
/// A text of the answer that was asked for, wiped in the document. Error malformed, without any value.
Result<Secret> take_secret(nlohmann::json& object, const char* name, std::string_view subject);

}  // namespace landwaiter::registry
