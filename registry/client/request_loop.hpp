// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "registry/auth/auth.hpp"
#include "registry/client/client.hpp"
#include "registry/http/retry.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace landwaiter::registry {

/// What a verb needs; the loop decides how to get it. Only GET and HEAD, so retries are harmless.
struct Request {
  std::string method = "GET";
  std::string target;  ///< path and query below the registry's origin
  std::vector<Header> headers;
  std::string scope;                                          ///< of the Bearer token: "repository:a/b:pull"
  std::string subject;                                        ///< for people: "image a/b:1", "the catalog"
  std::vector<int> expected{200};                             ///< statuses the verb understands; all others become an Error
  std::chrono::milliseconds time = limits::request_time_max;  ///< of all tries together
  std::vector<Secret> sent = {};                              ///< Authorization values of this attempt: its errors do not repeat them
};

struct Answer {
  std::unique_ptr<HttpResponse> response;
  HttpUrl url;  ///< after redirects
};

/// An answer with its whole body.
struct Document {
  int status = 0;
  HttpUrl url;
  std::string content_type;
  std::vector<std::string> links;  ///< Link headers
  std::string body;
};

/// The only path to a registry: authentication, redirects, retries with exponential backoff and full jitter, throttling on the registry's
/// request, and error messages that name the registry, the subject and the account, but no secret. Used from the io thread, by several
/// coroutines at once. Errors: those of Client.
class RequestLoop : public std::enable_shared_from_this<RequestLoop> {
 public:
  RequestLoop(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, std::shared_ptr<LoginSource> login,
              const Clock& clock);

  /// Answers with one of the expected statuses; the body is still on the wire.
  Awaitable<Answer> perform(Request request);
  /// The same with the body; the whole request is retried if the transfer is interrupted.
  Awaitable<Document> fetch(Request request, std::uint64_t bytes_max);
  /// See Retry::back_off.
  Awaitable<void> back_off(Error error, std::size_t attempt);

  const Endpoint& endpoint() const { return endpoint_; }
  const HttpUrl& base() const { return base_; }
  const Clock& clock() const { return clock_; }

 private:
  Error refused(const Request& request, const Credential& used, std::string reason) const;
  Awaitable<Answer> attempt(Request request);
  Awaitable<Answer> follow(Request request, Credential credential);
  Awaitable<Credential> respond_to_401(std::unique_ptr<HttpResponse> response, HttpUrl url, Request request, Credential used);
  boost::asio::awaitable<Error> status_error(std::unique_ptr<HttpResponse> response, HttpUrl url, Request request);
  Error named(const Error& error, const Request& request) const;
  /// Charges a failed try, which began at `since`, to the request; whether another one is allowed.
  bool may_retry(Request& request, SteadyTime since, std::size_t attempt_number) const;

  std::shared_ptr<Transport> transport_;
  Endpoint endpoint_;
  HttpUrl base_;
  const Clock& clock_;
  Authenticator authenticator_;
  Retry retry_;
};

}  // namespace landwaiter::registry
