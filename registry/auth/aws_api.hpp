// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/api_client.hpp"
#include "registry/auth/aws_signature.hpp"
#include "registry/auth/endpoint.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::registry {

/// An Amazon ECR host; the whole name must match: "<12 digits>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]", or "public.ecr.aws".
struct EcrHost {
  std::string account;  ///< empty for the public gallery
  std::string region;
  std::string domain;  ///< "amazonaws.com", "amazonaws.com.cn"
  bool fips = false;
  bool public_gallery = false;
};
std::optional<EcrHost> parse_ecr_host(std::string_view host);

/// Signed requests to the API of one ECR registry, with the endpoint's key, or with a temporary key for the role that it first assumes at
/// STS. If AWS says that our clock is off, AWS's time is used. Used from the io thread.
class AwsApi : public std::enable_shared_from_this<AwsApi> {
 public:
  /// Error invalid_argument if the endpoint is not an ECR registry, does not use TLS, or names no region.
  static Result<std::shared_ptr<AwsApi>> open(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

  /// One operation of the API, "GetAuthorizationToken". Errors: unauthorized, forbidden with AWS's message, those of ApiClient.
  Awaitable<ApiAnswer> call(std::string operation, nlohmann::json body);
  /// By AWS's clock, as far as it is known.
  SystemTime now() const { return clock_.now() + skew_; }
  const EcrHost& host() const { return host_; }

 private:
  AwsApi(std::shared_ptr<Transport> transport, Credentials credentials, EcrHost host, std::string region, const Clock& clock);

  Awaitable<AwsKeys> keys();
  Awaitable<AwsKeys> assume_role();
  Awaitable<ApiAnswer> ask(AwsRequest request, AwsKeys keys, std::string subject);
  Result<ApiRequest> signed_request(const AwsRequest& request, const AwsKeys& keys, const std::string& subject) const;

  std::shared_ptr<ApiClient> api_;
  Credentials credentials_;
  EcrHost host_;
  std::string region_;
  const Clock& clock_;
  std::chrono::seconds skew_{0};  ///< AWS's clock minus ours, once it is known
  std::optional<AwsKeys> role_keys_;
  SteadyTime role_keys_until_{};
};

}  // namespace landwaiter::registry
