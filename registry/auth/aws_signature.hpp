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
  Secret session_token;  ///< for temporary keys, otherwise empty
};

/// The parts of a request that AWS Signature Version 4 signs.
struct AwsRequest {
  std::string method = "POST";
  HttpUrl url;
  std::vector<Header> headers;  ///< to sign in addition to Host and X-Amz-Date
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

/// AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request"), with all headers signed. A session token must be among
/// the headers already. The path is used as encoded.
AwsSignature sign(const AwsRequest& request, const AwsKeys& keys, SystemTime now);

}  // namespace landwaiter::registry
