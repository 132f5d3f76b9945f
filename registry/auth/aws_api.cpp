// SPDX-License-Identifier: Apache-2.0
// Amazon ECR API Reference and ECR Public API Reference; AWS STS API Reference, "AssumeRole".
#include "registry/auth/aws_api.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "registry/auth/cloud_login.hpp"
#include "registry/http/form.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

/// STS gives temporary keys for an hour.
constexpr std::chrono::minutes kRoleKeysUsed(45);
constexpr std::size_t kRegionBytesMax = 32;

/// A region becomes part of a host name: "eu-central-1", "us-gov-west-1".
bool is_region(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kRegionBytesMax && std::ranges::all_of(text, fits) && text.front() != '-' && text.back() != '-';
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Where the API of a registry is.
std::string api_host(const EcrHost& host, const std::string& region) {
  if (host.public_gallery) return "api.ecr-public." + region + '.' + host.domain;
  return (host.fips ? "ecr-fips." : "api.ecr.") + region + '.' + host.domain;
}

Result<HttpUrl> api_url(const std::string& host) { return HttpUrl::parse("https://" + host + "/"); }

}  // namespace

AwsApi::AwsApi(std::shared_ptr<Transport> transport, Credentials credentials, EcrHost host, std::string region, const Clock& clock)
    : api_(std::make_shared<ApiClient>(std::move(transport), clock)),
      credentials_(std::move(credentials)),
      host_(std::move(host)),
      region_(std::move(region)),
      clock_(clock) {}

Result<std::shared_ptr<AwsApi>> AwsApi::open(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock) {
  const Credentials& credentials = endpoint.credentials;
  auto host = parse_ecr_host(endpoint.host);
  auto allowed = check_cloud_endpoint(endpoint, host.has_value(), "Amazon ECR's registries");
  if (!allowed) return allowed.error();
  const std::string region = credentials.aws_region.empty() || host->public_gallery ? host->region : credentials.aws_region;
  if (!is_region(region)) return Error(ErrorCode::invalid_argument, "not an AWS region: " + landwaiter::quoted(region));
  return std::shared_ptr<AwsApi>(new AwsApi(std::move(transport), credentials, *std::move(host), region, clock));
}

Result<ApiRequest> AwsApi::signed_request(const AwsRequest& request, const AwsKeys& keys, const std::string& subject) const {
  AwsRequest whole = request;
  if (!keys.session_token.empty()) whole.headers.push_back({"X-Amz-Security-Token", keys.session_token.reveal()});
  AwsSignature signature = sign(whole, keys, now());
  wipe(signature.canonical_request);
  ApiRequest out;
  out.url = request.url;
  out.headers = request.headers;
  out.headers.push_back({"X-Amz-Date", signature.amz_date});
  out.headers.push_back({"Accept", "application/json"});
  out.secret_headers.push_back({"Authorization", std::move(signature.authorization)});
  if (!keys.session_token.empty()) {
    out.secret_headers.push_back({"X-Amz-Security-Token", keys.session_token});
    wipe(whole.headers.back().value);
  }
  out.body = request.body;
  out.secrets = {keys.secret_access_key, credentials_.aws_secret_access_key, credentials_.aws_session_token};
  out.subject = subject;
  return out;
}

/// Sends the request; sends it again with AWS's time if a wrong clock was the reason for the refusal.
Awaitable<ApiAnswer> AwsApi::ask(AwsRequest request, AwsKeys keys, std::string subject) {
  for (int tries = 0; tries < 2; ++tries) {
    auto wire = signed_request(request, keys, subject);
    if (!wire) co_return wire.error();
    auto answer = co_await ask_cloud(api_, *wire);
    if (!answer || answer->status == 200) co_return answer;
    const auto skew = clock_skew(*answer, now());
    if (skew && tries == 0) {
      skew_ += *skew;
      continue;
    }
    const Error refused = cloud_refusal(*answer, *wire);
    if (!skew) co_return refused;
    co_return Error(refused.code(), refused.message() + "; this machine's clock differs from AWS's by " +
                                        std::to_string(std::chrono::abs(*skew).count()) + " seconds");
  }
  co_return Error(ErrorCode::internal, subject + ": not asked");
}

/// The endpoint's own key, or a temporary one for the role.
Awaitable<AwsKeys> AwsApi::keys() {
  AwsKeys own{credentials_.aws_access_key_id, credentials_.aws_secret_access_key, credentials_.aws_session_token};
  if (credentials_.aws_role_arn.empty()) co_return own;
  const SteadyTime now = clock_.steady_now();
  if (role_keys_ && now < role_keys_until_) co_return *role_keys_;
  auto keys = co_await assume_role();
  if (!keys) co_return keys.error();
  role_keys_ = *keys;
  role_keys_until_ = now + kRoleKeysUsed;
  co_return keys;
}

Awaitable<AwsKeys> AwsApi::assume_role() {
  AwsKeys own{credentials_.aws_access_key_id, credentials_.aws_secret_access_key, credentials_.aws_session_token};
  const std::string subject = "assuming the role " + landwaiter::quoted(credentials_.aws_role_arn);
  auto url = api_url("sts." + region_ + '.' + host_.domain);
  if (!url) co_return url.error();
  Form form;
  form.add("Action", "AssumeRole").add("Version", "2011-06-15").add("RoleArn", credentials_.aws_role_arn);
  form.add("RoleSessionName", "landwaiter").add("ExternalId", credentials_.aws_external_id);
  AwsRequest request;
  request.url = *url;
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"});
  request.body = form.secret();
  request.region = region_;
  request.service = "sts";
  auto answer = co_await ask(std::move(request), std::move(own), subject);
  if (!answer) co_return answer.error();
  AwsKeys out;
  Result<void> whole;
  const auto read = read_json_fields(subject, [&] {
    auto& given = answer->document.at("AssumeRoleResponse").at("AssumeRoleResult").at("Credentials");
    auto id = take_secret(given, "AccessKeyId", subject);
    auto secret = take_secret(given, "SecretAccessKey", subject);
    auto session = take_secret(given, "SessionToken", subject);
    if (!id || !secret || !session) {
      whole = Error(ErrorCode::malformed, subject + ": the answer has no temporary key");
    } else {
      out = AwsKeys{id->reveal(), std::move(*secret), std::move(*session)};
    }
  });
  if (!read) co_return read.error();
  if (!whole) co_return whole.error();
  co_return out;
}

Awaitable<ApiAnswer> AwsApi::call(std::string operation, nlohmann::json body) {
  const auto self = shared_from_this();
  auto own = co_await keys();
  if (!own) co_return own.error();
  auto url = api_url(api_host(host_, region_));
  if (!url) co_return url.error();
  const std::string service(host_.public_gallery ? "SpencerFrontendService." : "AmazonEC2ContainerRegistry_V20150921.");
  AwsRequest request;
  request.url = *url;
  request.headers.push_back({"Content-Type", "application/x-amz-json-1.1"});
  request.headers.push_back({"X-Amz-Target", service + operation});
  request.body = Secret(dump_json(body));
  request.region = region_;
  request.service = host_.public_gallery ? "ecr-public" : "ecr";
  co_return co_await ask(std::move(request), std::move(*own), "AWS's " + operation);
}

std::optional<EcrHost> parse_ecr_host(std::string_view host) {
  host = without_https_port(host);
  EcrHost out;
  out.domain = "amazonaws.com";
  if (host == "public.ecr.aws") {
    out.public_gallery = true;
    out.region = "us-east-1";  // the only one that has the API
    return out;
  }
  if (!is_account(host.substr(0, 12))) return std::nullopt;
  out.account = host.substr(0, 12);
  host.remove_prefix(12);
  if (take(host, ".dkr.ecr-fips.")) out.fips = true;
  else if (!take(host, ".dkr.ecr.")) return std::nullopt;
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || !is_region(host.substr(0, dot))) return std::nullopt;
  out.region = host.substr(0, dot);
  const bool china = out.region.starts_with("cn-");
  if (china) out.domain = "amazonaws.com.cn";
  if (host.substr(dot + 1) != out.domain) return std::nullopt;
  return out;
}

}  // namespace landwaiter::registry
