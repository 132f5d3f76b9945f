// SPDX-License-Identifier: Apache-2.0
// Azure Container Registry, "AAD-OAuth.md"; Microsoft identity platform, "OAuth 2.0 client credentials flow".
#include "registry/auth/azure_login.hpp"

#include "core/base/text.hpp"
#include "registry/auth/cloud_login.hpp"
#include "registry/http/form.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

/// The name under which a registry takes refresh tokens.
constexpr std::string_view kAzureUser = "00000000-0000-0000-0000-000000000000";
/// The registry's refresh tokens are valid for three hours.
constexpr std::chrono::hours kAzureTokenLifetime(3);
constexpr std::chrono::minutes kAzureRenewEarly(10);
constexpr std::size_t kTenantBytesMax = 255;

/// A Microsoft cloud: its registries, the service that issues access tokens, and their audience.
struct AzureCloud {
  std::string_view suffix;
  std::string_view login_host;
  std::string_view scope;
};

constexpr std::array<AzureCloud, 3> kClouds{{
    {".azurecr.io", "login.microsoftonline.com", "https://containerregistry.azure.net/.default"},
    {".azurecr.us", "login.microsoftonline.us", "https://management.usgovcloudapi.net/.default"},
    {".azurecr.cn", "login.chinacloudapi.cn", "https://management.chinacloudapi.cn/.default"},
}};

const AzureCloud* cloud_of(std::string_view host) {
  host = without_https_port(host);
  for (const AzureCloud& cloud : kClouds) {
    if (host.ends_with(cloud.suffix) && is_label(host.substr(0, host.size() - cloud.suffix.size()))) return &cloud;
  }
  return nullptr;
}

/// A tenant is a GUID or a domain, and becomes part of a path.
bool is_tenant(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= kTenantBytesMax && std::ranges::all_of(text, fits) && text.front() != '.';
}

class AzureExchange : public std::enable_shared_from_this<AzureExchange> {
 public:
  AzureExchange(std::shared_ptr<Transport> transport, Endpoint endpoint, const AzureCloud& cloud, const Clock& clock)
      : api_(std::make_shared<ApiClient>(std::move(transport), clock)), endpoint_(std::move(endpoint)), cloud_(cloud), clock_(clock) {}

  Awaitable<Token> fetch();

 private:
  Awaitable<Secret> access_token();
  Awaitable<Secret> post(std::string url, Secret body, std::vector<Secret> secrets, const char* wanted, std::string subject);

  std::shared_ptr<ApiClient> api_;
  Endpoint endpoint_;
  AzureCloud cloud_;
  const Clock& clock_;
};

Awaitable<Secret> AzureExchange::post(std::string url, Secret body, std::vector<Secret> secrets, const char* wanted, std::string subject) {
  auto parsed = HttpUrl::parse(url);
  if (!parsed) co_return parsed.error();
  ApiRequest request;
  request.url = *parsed;
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.headers.push_back({"Accept", "application/json"});
  request.body = std::move(body);
  request.secrets = std::move(secrets);
  request.subject = subject;
  request.unverified_origin = unverified_origin(endpoint_);
  auto answer = co_await ask_cloud(api_, request);
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return cloud_refusal(*answer, request);
  co_return take_secret(answer->document, wanted, subject);
}

Awaitable<Secret> AzureExchange::access_token() {
  const Credentials& principal = endpoint_.credentials;
  Form form;
  form.add("grant_type", "client_credentials").add("client_id", principal.azure_client_id);
  form.add("client_secret", principal.azure_client_secret.reveal()).add("scope", cloud_.scope);
  const std::string url = "https://" + std::string(cloud_.login_host) + '/' + principal.azure_tenant_id + "/oauth2/v2.0/token";
  std::vector<Secret> secrets{principal.azure_client_secret, Secret(percent_encoded(principal.azure_client_secret.reveal()))};
  co_return co_await post(url, form.secret(), std::move(secrets), "access_token", "the token of the Azure service principal");
}

Awaitable<Token> AzureExchange::fetch() {
  const auto self = shared_from_this();
  auto access = co_await access_token();
  if (!access) co_return access.error();
  const std::string host(without_https_port(endpoint_.host));
  Form form;
  form.add("grant_type", "access_token").add("service", host).add("tenant", endpoint_.credentials.azure_tenant_id);
  form.add("access_token", access->reveal());
  std::vector<Secret> secrets{*access};
  const auto asked_at = clock_.steady_now();
  const std::string url = "https://" + host + "/oauth2/exchange";
  auto refresh = co_await post(url, form.secret(), std::move(secrets), "refresh_token", "the registry's refresh token");
  if (!refresh) co_return refresh.error();
  Token out;
  out.text = std::move(*refresh);
  out.good_until = asked_at + kAzureTokenLifetime;
  out.use_until = out.good_until - kAzureRenewEarly;
  co_return out;
}

}  // namespace

bool is_acr_host(std::string_view host) { return cloud_of(host) != nullptr; }

std::shared_ptr<LoginSource> make_azure_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock) {
  const AzureCloud* cloud = cloud_of(endpoint.host);
  auto allowed = check_cloud_endpoint(endpoint, cloud != nullptr, "Azure Container Registry's registries");
  if (!allowed) return make_refused_login(allowed.error());
  const Credentials& principal = endpoint.credentials;
  if (!is_tenant(principal.azure_tenant_id)) {
    return make_refused_login(Error(ErrorCode::invalid_argument, "not an Azure tenant: " + landwaiter::quoted(principal.azure_tenant_id)));
  }
  const auto exchange = std::make_shared<AzureExchange>(std::move(transport), endpoint, *cloud, clock);
  CloudLoginForm form;
  form.username = kAzureUser;
  form.as_token = true;
  form.secrets = {principal.azure_client_secret, Secret(percent_encoded(principal.azure_client_secret.reveal()))};
  TokenCache::Fetch fetch = [exchange] { return exchange->fetch(); };
  return make_cloud_login(std::move(form), std::move(fetch), clock);
}

}  // namespace landwaiter::registry
