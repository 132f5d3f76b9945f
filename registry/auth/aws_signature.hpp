// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <string>
#include <vector>

namespace landwaiter::registry {

struct AwsKeys {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  ///< of temporary keys; else empty
};

/// A request as AWS Signature Version 4 sees it.
struct AwsRequest {
  std::string method = "POST";
  HttpUrl url;
  std::vector<Header> headers;  ///< those to sign, beside Host and X-Amz-Date
  Secret body;
  std::string region;
  std::string service;  ///< "ecr", "sts"
};

struct AwsSignature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string amz_date;  ///< X-Amz-Date
  Secret authorization;  ///< Authorization
};

/// AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request"), with all headers signed. A session token must be
/// among the headers already. The path is taken as it is encoded.
AwsSignature sign(const AwsRequest& request, const AwsKeys& keys, SystemTime now);

}  // namespace landwaiter::registry
