// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/api_client.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/status_error.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

bool contains(const std::vector<int>& statuses, int status) { return std::ranges::find(statuses, status) != statuses.end(); }

HttpRequest wire_request(const ApiRequest& request, const HttpUrl& url) {
  HttpRequest out;
  out.method = request.method;
  out.url = url.str();
  out.headers = request.headers;
  out.secret_headers = request.secret_headers;
  out.body = request.body;
  out.unverified_origin = request.unverified_origin;
  out.foreign_host = request.foreign_host;
  return out;
}

/// What the other side said, without any credentials it may echo. Must run before the text is truncated: half a secret is still a secret.
std::string scrub(std::string text, const ApiRequest& request) {
  for (const SecretHeader& header : request.secret_headers) {
    text = redact(std::move(text), header.value);
    // The other side may echo only the token of "Bearer TOKEN".
    text = redact(std::move(text), Secret(header.value.reveal().substr(header.value.reveal().find(' ') + 1)));
  }
  for (const Secret& secret : request.secrets) text = redact(std::move(text), secret);
  return text;
}

}  // namespace

ApiClient::ApiClient(std::shared_ptr<Transport> transport, const Clock& clock)
    : transport_(transport), clock_(clock), retry_(transport->throttle(), clock) {}

Awaitable<ApiAnswer> ApiClient::ask(ApiRequest request) {
  for (std::size_t number = 1;; ++number) {
    auto waited = co_await retry_.turn(request.url.host);
    if (!waited) co_return waited.error();
    auto answer = co_await attempt(request);
    if (answer || number >= limits::request_attempts_max) co_return answer;
    auto again = co_await retry_.back_off(request.url.host, answer.error(), number);
    if (!again) co_return again.error();
  }
}

Awaitable<ApiAnswer> ApiClient::attempt(ApiRequest request) {
  auto response = co_await follow(request);
  if (!response) co_return response.error().with_context(request.subject);
  ApiAnswer out;
  out.status = (*response)->status();
  out.response = std::move(*response);
  const bool expected = contains(request.expected, out.status);
  const std::uint64_t bytes_max = request.bytes_max == 0 ? limits::list_bytes_max : request.bytes_max;
  auto body = co_await read_body(*out.response, expected ? bytes_max : limits::error_body_bytes_max);
  if (!expected) {
    std::string text = name_of_status(out.status) + " from " + request.url.authority() + " for " + request.subject;
    const std::string said = body && !request.foreign_host ? scrub(message_of_body(*body), request) : std::string();
    if (!said.empty()) text += ": " + landwaiter::quoted(said, 200);
    Error failed(code_of_status(out.status), std::move(text));
    set_retry_after(failed, *out.response, clock_.now(), body ? std::string_view(*body) : std::string_view());
    co_return failed;
  }
  if (!body) co_return body.error().with_context(request.subject);
  if (body->empty()) co_return out;
  const auto parse = [&] { return parse_json(*body, request.subject, kJsonList); };
  auto document = co_await transport_->documents().run(body->size(), parse);
  wipe(*body);  // a token service's answer holds a token
  // The body of an expected error may be HTML; the caller needs only its status.
  if (!document && out.status >= 300) co_return out;
  if (!document) co_return document.error();
  out.document = std::move(*document);
  co_return out;
}

/// Sends, and follows redirects within the same origin: a vendor's API that moves elsewhere must not get the credentials.
Awaitable<std::unique_ptr<HttpResponse>> ApiClient::follow(ApiRequest request) {
  HttpUrl url = request.url;
  for (std::size_t redirects = 0;; ++redirects) {
    HttpRequest wire = wire_request(request, url);
    auto response = co_await transport_->send(std::move(wire));
    if (!response) co_return response.error();
    const int status = (*response)->status();
    const auto location = (*response)->header("Location");
    if (contains(request.expected, status) || !is_redirect(status) || !location) co_return response;
    if (request.method != "GET") co_return Error(ErrorCode::malformed, "refused to redirect a request that carries a credential");
    auto next = url.resolve(*location);
    if (!next) co_return next.error().with_context("redirect");
    if (!next->same_origin(request.url)) {
      co_return Error(ErrorCode::malformed, "refused the redirect to " + next->display() + ": it is another host");
    }
    if (redirects >= limits::redirects_max) co_return Error(ErrorCode::malformed, "it redirects too often");
    url = std::move(*next);
  }
}

}  // namespace landwaiter::registry
