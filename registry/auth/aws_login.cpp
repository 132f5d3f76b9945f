// SPDX-License-Identifier: Apache-2.0
// Amazon ECR API Reference and ECR Public API Reference, "GetAuthorizationToken".
#include "registry/auth/aws_login.hpp"

#include "core/base/encoding.hpp"
#include "registry/auth/aws_api.hpp"
#include "registry/auth/cloud_login.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kAwsUser = "AWS";
constexpr std::chrono::hours kAwsTokenLifetime(12);
constexpr std::chrono::hours kAwsRenewEarly(1);

/// "authorizationData" is a list at ECR and an object at ECR Public.
Result<Token> read_token(ApiAnswer& answer, SystemTime aws_now, SteadyTime now) {
  const std::string subject = "AWS's GetAuthorizationToken";
  const auto malformed = [&](const std::string& why) { return Error(ErrorCode::malformed, subject + ": " + why); };
  const bool whole = answer.document.is_object() && answer.document.contains("authorizationData");
  if (!whole) return malformed("the answer has no authorizationData");
  nlohmann::json* data = &answer.document["authorizationData"];
  if (data->is_array() && !data->empty()) data = &data->front();
  auto encoded = take_secret(*data, "authorizationToken", subject);
  if (!encoded) return encoded.error();
  auto decoded = base64_decode(encoded->reveal());
  std::string plain(decoded ? as_text(*decoded) : std::string_view());
  const std::string prefix = std::string(kAwsUser) + ':';
  const bool good = plain.starts_with(prefix) && plain.size() > prefix.size();
  Token out;
  if (good) out.text = Secret(plain.substr(prefix.size()));
  wipe(plain);
  if (decoded) std::ranges::fill(*decoded, 0);
  if (!good) return malformed("the token is not base64 of AWS:password");
  auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(kAwsTokenLifetime);
  if (const auto expires = data->find("expiresAt"); expires != data->end() && expires->is_number()) {
    const double left = expires->get<double>() - static_cast<double>(to_unix_us(aws_now)) / 1e6;
    lifetime = std::chrono::seconds(static_cast<std::int64_t>(std::clamp(left, 0.0, static_cast<double>(lifetime.count()))));
  }
  out.good_until = now + lifetime;
  out.use_until = out.good_until - std::min<std::chrono::seconds>(kAwsRenewEarly, lifetime / 2);
  return out;
}

Awaitable<Token> fetch(std::shared_ptr<AwsApi> api, const Clock& clock) {
  auto answer = co_await api->call("GetAuthorizationToken", nlohmann::json::object());
  if (!answer) co_return answer.error();
  co_return read_token(*answer, api->now(), clock.steady_now());
}

}  // namespace

std::shared_ptr<LoginSource> make_aws_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock) {
  auto api = AwsApi::open(std::move(transport), endpoint, clock);
  if (!api) return make_refused_login(api.error());
  CloudLoginForm form;
  form.username = kAwsUser;
  form.secrets = {endpoint.credentials.aws_secret_access_key, endpoint.credentials.aws_session_token};
  TokenCache::Fetch fetch_one = [api = *std::move(api), &clock] { return fetch(api, clock); };
  return make_cloud_login(std::move(form), std::move(fetch_one), clock);
}

}  // namespace landwaiter::registry
