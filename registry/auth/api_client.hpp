// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "registry/http/retry.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// A request to a vendor's own API (hub.docker.com, a cloud's token service, Harbor's /api/v2.0).
struct ApiRequest {
  std::string method = "GET";
  HttpUrl url;
  std::vector<Header> headers;
  std::vector<SecretHeader> secret_headers;  ///< Authorization and every other header with a credential
  Secret body;
  std::vector<Secret> secrets;     ///< parts of the body to keep out of errors, in addition to the values of secret_headers
  std::string subject;             ///< for people: "Docker Hub's list of repositories"
  std::vector<int> expected{200};  ///< statuses the caller understands; others become an Error
  std::uint64_t bytes_max = 0;     ///< of the answer; 0: limits::list_bytes_max
  std::string unverified_origin;   ///< see HttpRequest
  bool foreign_host = false;       ///< for a host named by another host
};

struct ApiAnswer {
  int status = 0;
  nlohmann::json document;                 ///< null if the body is empty, or if an expected error's body is not JSON
  std::unique_ptr<HttpResponse> response;  ///< for its headers; the body is read
};

/// JSON over HTTP with the registry client's retries, throttling and limits. The caller provides the credentials and the target;
/// redirects are followed only within the same origin. Requests other than GET are retried as well, so they must be idempotent. Errors
/// name the subject and contain the service's message; unauthorized and forbidden are distinct. A JSON answer may have any content type.
/// Used from the io thread.
class ApiClient {
 public:
  ApiClient(std::shared_ptr<Transport> transport, const Clock& clock);
  Awaitable<ApiAnswer> ask(ApiRequest request);

 private:
  Awaitable<ApiAnswer> attempt(ApiRequest request);
  Awaitable<std::unique_ptr<HttpResponse>> follow(ApiRequest request);

  std::shared_ptr<Transport> transport_;
  const Clock& clock_;
  Retry retry_;
};

}  // namespace landwaiter::registry
