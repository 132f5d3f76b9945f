// SPDX-License-Identifier: Apache-2.0
// Amazon ECR API Reference and ECR Public API Reference, "GetAuthorizationToken"; AWS STS API Reference, "AssumeRole".
#include "registry/aws_login.hpp"

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/text.hpp"
#include "registry/aws_signature.hpp"
#include "registry/cloud_login.hpp"
#include "registry/form.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kUser = "AWS";
constexpr std::chrono::hours kLifetime(12);
constexpr std::chrono::hours kRenewEarly(1);
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

/// Where the APIs of a registry are, and for which region requests to them are signed.
struct AwsApis {
  std::string ecr_host;
  std::string ecr_service;
  std::string target;
  std::string sts_host;
  std::string region;
};

AwsApis apis_of(const EcrHost& host, const std::string& region) {
  AwsApis out;
  out.region = region;
  out.sts_host = "sts." + region + '.' + host.domain;
  if (host.public_gallery) {
    out.ecr_host = "api.ecr-public." + region + '.' + host.domain;
    out.ecr_service = "ecr-public";
    out.target = "SpencerFrontendService.GetAuthorizationToken";
  } else {
    out.ecr_host = (host.fips ? "ecr-fips." : "api.ecr.") + region + '.' + host.domain;
    out.ecr_service = "ecr";
    out.target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
  }
  return out;
}

class AwsExchange : public std::enable_shared_from_this<AwsExchange> {
 public:
  AwsExchange(std::shared_ptr<Transport> transport, Credentials credentials, AwsApis apis, const Clock& clock)
      : api_(std::make_shared<ApiClient>(std::move(transport), clock)), credentials_(std::move(credentials)), apis_(std::move(apis)),
        clock_(clock) {}

  Awaitable<Token> fetch();

 private:
  Awaitable<AwsKeys> keys();
  Awaitable<ApiAnswer> ask(AwsRequest request, AwsKeys keys, std::string subject);
  Result<ApiRequest> signed_request(const AwsRequest& request, const AwsKeys& keys, const std::string& subject) const;
  Result<Token> read_token(ApiAnswer& answer) const;
  SystemTime aws_now() const { return clock_.now() + skew_; }

  std::shared_ptr<ApiClient> api_;
  Credentials credentials_;
  AwsApis apis_;
  const Clock& clock_;
  std::chrono::seconds skew_{0};  ///< of AWS's clock against ours, once it mattered
};

Result<HttpUrl> api_url(const std::string& host) { return HttpUrl::parse("https://" + host + "/"); }

Result<ApiRequest> AwsExchange::signed_request(const AwsRequest& request, const AwsKeys& keys, const std::string& subject) const {
  AwsRequest whole = request;
  if (!keys.session_token.empty()) whole.headers.push_back({"X-Amz-Security-Token", keys.session_token.reveal()});
  AwsSignature signature = sign(whole, keys, aws_now());
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

/// Asks, once more by AWS's own time when that is why it refused.
Awaitable<ApiAnswer> AwsExchange::ask(AwsRequest request, AwsKeys keys, std::string subject) {
  for (int tries = 0; tries < 2; ++tries) {
    auto wire = signed_request(request, keys, subject);
    if (!wire) co_return wire.error();
    auto op = ask_cloud(api_, *wire);
    auto answer = co_await std::move(op);
    if (!answer || answer->status == 200) co_return answer;
    const auto skew = clock_skew(*answer, aws_now());
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

/// The endpoint's own key, or a temporary one of the role.
Awaitable<AwsKeys> AwsExchange::keys() {
  AwsKeys own{credentials_.aws_access_key_id, credentials_.aws_secret_access_key, credentials_.aws_session_token};
  if (credentials_.aws_role_arn.empty()) co_return own;
  const std::string subject = "assuming the role " + landwaiter::quoted(credentials_.aws_role_arn);
  auto url = api_url(apis_.sts_host);
  if (!url) co_return url.error();
  Form form;
  form.add("Action", "AssumeRole").add("Version", "2011-06-15").add("RoleArn", credentials_.aws_role_arn);
  form.add("RoleSessionName", "landwaiter").add("ExternalId", credentials_.aws_external_id);
  AwsRequest request;
  request.url = *url;
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"});
  request.body = form.secret();
  request.region = apis_.region;
  request.service = "sts";
  auto op = ask(std::move(request), std::move(own), subject);
  auto answer = co_await std::move(op);
  if (!answer) co_return answer.error();
  AwsKeys out;
  Result<void> whole;
  const auto read = read_json_fields(subject, [&] {
    auto& given = answer->document.at("AssumeRoleResponse").at("AssumeRoleResult").at("Credentials");
    auto id = take_secret(given, "AccessKeyId", subject);
    auto secret = take_secret(given, "SecretAccessKey", subject);
    auto session = take_secret(given, "SessionToken", subject);
    if (!id || !secret || !session) {
      whole = Error(ErrorCode::malformed, subject + ": the answer holds no temporary key");
    } else {
      out = AwsKeys{id->reveal(), std::move(*secret), std::move(*session)};
    }
  });
  if (!read) co_return read.error();
  if (!whole) co_return whole.error();
  co_return out;
}

/// "authorizationData" is a list at ECR and an object at ECR Public.
Result<Token> AwsExchange::read_token(ApiAnswer& answer) const {
  const std::string subject = "AWS's GetAuthorizationToken";
  const auto malformed = [&](const std::string& why) { return Error(ErrorCode::malformed, subject + ": " + why); };
  const bool whole = answer.document.is_object() && answer.document.contains("authorizationData");
  if (!whole) return malformed("the answer holds no authorizationData");
  nlohmann::json* data = &answer.document["authorizationData"];
  if (data->is_array() && !data->empty()) data = &data->front();
  auto encoded = take_secret(*data, "authorizationToken", subject);
  if (!encoded) return encoded.error();
  auto decoded = base64_decode(encoded->reveal());
  std::string plain(decoded ? as_text(*decoded) : std::string_view());
  const std::string prefix = std::string(kUser) + ':';
  const bool good = plain.starts_with(prefix) && plain.size() > prefix.size();
  Token out;
  if (good) out.text = Secret(plain.substr(prefix.size()));
  wipe(plain);
  if (decoded) std::ranges::fill(*decoded, 0);
  if (!good) return malformed("the token is not base64 of AWS:password");
  auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(kLifetime);
  if (const auto expires = data->find("expiresAt"); expires != data->end() && expires->is_number()) {
    const double left = expires->get<double>() - static_cast<double>(to_unix_us(aws_now())) / 1e6;
    lifetime = std::chrono::seconds(static_cast<std::int64_t>(std::clamp(left, 0.0, static_cast<double>(lifetime.count()))));
  }
  const SteadyTime now = clock_.steady_now();
  out.good_until = now + lifetime;
  out.use_until = out.good_until - std::min<std::chrono::seconds>(kRenewEarly, lifetime / 2);
  return out;
}

Awaitable<Token> AwsExchange::fetch() {
  const auto self = shared_from_this();
  auto getting = keys();
  auto own = co_await std::move(getting);
  if (!own) co_return own.error();
  auto url = api_url(apis_.ecr_host);
  if (!url) co_return url.error();
  AwsRequest request;
  request.url = *url;
  request.headers.push_back({"Content-Type", "application/x-amz-json-1.1"});
  request.headers.push_back({"X-Amz-Target", apis_.target});
  request.body = Secret("{}");
  request.region = apis_.region;
  request.service = apis_.ecr_service;
  auto op = ask(std::move(request), std::move(*own), "AWS's GetAuthorizationToken");
  auto answer = co_await std::move(op);
  if (!answer) co_return answer.error();
  co_return read_token(*answer);
}

}  // namespace

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

std::shared_ptr<LoginSource> make_aws_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock) {
  const Credentials& credentials = endpoint.credentials;
  const auto host = parse_ecr_host(endpoint.host);
  auto allowed = check_cloud_endpoint(endpoint, host.has_value(), "Amazon ECR's registries");
  if (!allowed) return make_refused_login(allowed.error());
  const std::string region = credentials.aws_region.empty() || host->public_gallery ? host->region : credentials.aws_region;
  if (!is_region(region)) {
    return make_refused_login(Error(ErrorCode::invalid_argument, "not an AWS region: " + landwaiter::quoted(region)));
  }
  const auto exchange = std::make_shared<AwsExchange>(std::move(transport), credentials, apis_of(*host, region), clock);
  CloudLoginForm form;
  form.username = kUser;
  form.secrets = {credentials.aws_secret_access_key, credentials.aws_session_token};
  TokenCache::Fetch fetch = [exchange] { return exchange->fetch(); };
  return make_cloud_login(std::move(form), std::move(fetch), clock);
}

}  // namespace landwaiter::registry
