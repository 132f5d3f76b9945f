// SPDX-License-Identifier: Apache-2.0
#include "registry/client/request_loop.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/auth/scope.hpp"
#include "registry/http/status_error.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;

/// What the user should check after a refusal.
std::string keys_of(const Credentials& credentials) {
  switch (credentials.kind) {
    case Credentials::Kind::aws: return "the AWS key and its policy";
    case Credentials::Kind::azure: return "the service principal and its secret";
    case Credentials::Kind::google: return "the service account and its key";
    default: return "the username, password or token";
  }
}

constexpr const char* kWriteHttps = "write https:// before the host";

/// Whether the answer to a plain request is that of a server that speaks TLS on this port: most say so in clear.
bool asks_for_tls(int status, std::string_view body) {
  return status == 400 && (body.find("HTTPS") != std::string_view::npos || body.find("SSL") != std::string_view::npos);
}

/// Others answer with an alert, which is no HTTP.
Error with_tls_advice(const Error& error) {
  return error.code() == ErrorCode::malformed ? Error(error.code(), error.message() + "; if it speaks TLS, " + kWriteHttps) : error;
}

}  // namespace

RequestLoop::RequestLoop(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, std::shared_ptr<LoginSource> login,
                         const Clock& clock)
    : transport_(transport),
      endpoint_(endpoint),
      base_(base),
      clock_(clock),
      authenticator_(transport, endpoint, base, std::move(login), clock),
      retry_(transport->throttle(), clock) {
  transport_->show_client_certificate_to(base_.host, base_.port);
}

Error RequestLoop::named(const Error& error, const Request& request) const {
  Error out(error.code(),
            authenticator_.scrub("registry " + endpoint_.host + ", " + request.subject + ": " + error.message(), request.sent));
  if (const auto wait = error.retry_after()) out.set_retry_after(*wait);
  return out;
}

Error RequestLoop::refused(const Request& request, const Credential& used, std::string reason) const {
  const std::string right = "the right to " + describe_scope(request.scope);
  std::string text = "401 Unauthorized from registry " + endpoint_.host + " for " + request.subject + " (" + identity(endpoint_) + "): ";
  if (endpoint_.credentials.anonymous()) text += right + " may need a username and password, or a token";
  else if (used.from_realm()) text += "the account lacks " + right;
  else text += "check " + keys_of(endpoint_.credentials) + "; it needs " + right;
  if (!reason.empty()) text += "; " + reason;
  return Error(ErrorCode::unauthorized, authenticator_.scrub(std::move(text), request.sent));
}

Awaitable<void> RequestLoop::back_off(Error error, std::size_t attempt) {
  co_return co_await retry_.back_off(endpoint_.host, std::move(error), attempt);
}

bool RequestLoop::may_retry(Request& request, SteadyTime since, std::size_t attempt_number) const {
  request.time -= std::chrono::ceil<std::chrono::milliseconds>(clock_.steady_now() - since);
  return attempt_number < limits::request_attempts_max && request.time > std::chrono::milliseconds(0);
}

Awaitable<Answer> RequestLoop::perform(Request request) {
  const auto self = shared_from_this();
  for (std::size_t attempt_number = 1;; ++attempt_number) {
    const SteadyTime since = clock_.steady_now();
    auto answer = co_await attempt(request);
    if (answer || !may_retry(request, since, attempt_number)) co_return answer;
    auto again = co_await back_off(answer.error(), attempt_number);
    if (!again) co_return again.error();
  }
}

Awaitable<Document> RequestLoop::fetch(Request request, std::uint64_t bytes_max) {
  const auto self = shared_from_this();
  for (std::size_t attempt_number = 1;; ++attempt_number) {
    const SteadyTime since = clock_.steady_now();
    auto answer = co_await perform(request);
    if (!answer) co_return answer.error();
    auto body = co_await read_body(*answer->response, bytes_max);
    if (body) {
      Document out;
      out.status = answer->response->status();
      out.url = answer->url;
      out.content_type = answer->response->header("Content-Type").value_or("");
      out.links = answer->response->headers("Link");
      out.body = std::move(*body);
      co_return out;
    }
    answer->response.reset();
    const Error broken = named(body.error(), request);
    if (!may_retry(request, since, attempt_number)) co_return broken;
    auto again = co_await back_off(broken, attempt_number);
    if (!again) co_return again.error();
  }
}

/// One attempt: from the original URL, with whatever authentication it requires.
Awaitable<Answer> RequestLoop::attempt(Request request) {
  auto waited = co_await retry_.turn(endpoint_.host);
  if (!waited) co_return waited.error();
  auto credential = co_await authenticator_.begin(request.scope);
  Credential used;
  for (std::size_t challenges = 0;; ++challenges) {
    if (!credential) {
      if (credential.error().code() == ErrorCode::unauthorized) co_return refused(request, used, credential.error().message());
      co_return named(credential.error(), request);
    }
    used = *credential;
    if (!used.header.empty()) request.sent.push_back(used.header);
    auto answer = co_await follow(request, used);
    if (!answer) co_return answer.error();
    if (answer->response->status() != 401) co_return answer;
    if (challenges >= limits::challenges_answered_max) co_return refused(request, used, "");
    credential = co_await respond_to_401(std::move(answer->response), answer->url, request, used);
  }
}

Awaitable<Credential> RequestLoop::respond_to_401(std::unique_ptr<HttpResponse> response, HttpUrl url, Request request, Credential used) {
  std::vector<Challenge> challenges = parse_challenges(response->headers("WWW-Authenticate"));
  // Read to its end, so that the connection serves the next request.
  auto body = co_await read_body(*response, limits::error_body_bytes_max);
  response.reset();
  const std::string message = body ? message_of_body(*body) : std::string();
  if (!url.same_origin(base_)) co_return Error(ErrorCode::unauthorized, "it was redirected to " + url.origin() + ", which refused it");
  if (challenges.empty() && !authenticator_.challenged()) {
    HttpRequest ping;
    url.target = "/v2/";
    ping.url = url.str();
    ping.unverified_origin = unverified_origin(endpoint_);
    auto answer = co_await transport_->send(std::move(ping));
    if (answer) challenges = parse_challenges((*answer)->headers("WWW-Authenticate"));
  }
  auto next = co_await authenticator_.answer(std::move(challenges), std::move(url), request.scope, std::move(used));
  if (!next && next.error().message().empty()) {
    const std::string said =
        message.empty() ? std::string() : "it says " + landwaiter::quoted(authenticator_.scrub(message, request.sent), 200);
    co_return Error(next.error().code(), said);
  }
  co_return next;
}

/// Sends and follows redirects. Gives back expected statuses and 401; the rest are errors.
Awaitable<Answer> RequestLoop::follow(Request request, Credential credential) {
  auto url = base_.at(request.target);
  if (!url) co_return named(url.error(), request);
  std::vector<std::string> visited;
  bool at_home = true;
  const SteadyTime deadline = clock_.steady_now() + request.time;
  while (true) {
    visited.push_back(url->str());
    HttpRequest wire;
    wire.method = request.method;
    wire.url = url->str();
    wire.headers = request.headers;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.steady_now());
    wire.answer_timeout = std::max(left, std::chrono::milliseconds(1));
    // Once on another host, never again: a redirect back could come from an attacker.
    if (!at_home) wire.foreign_host = is_foreign_host(base_, *url);
    else if (!credential.header.empty()) wire.secret_headers.push_back({"Authorization", credential.header});
    wire.unverified_origin = unverified_origin(endpoint_);
    auto response = co_await transport_->send(std::move(wire));
    if (!response) co_return named(at_home && !base_.tls ? with_tls_advice(response.error()) : response.error(), request);
    const int status = (*response)->status();
    const auto location = (*response)->header("Location");
    const bool expected = std::ranges::find(request.expected, status) != request.expected.end();
    if (expected || status == 401) {
      Answer out{std::move(*response), *url};
      co_return out;
    }
    if (!is_redirect(status) || !location) {
      const Error failed = co_await status_error(std::move(*response), *url, request);
      co_return failed;
    }
    // Read to its end, so that the connection serves the next request.
    static_cast<void>(co_await read_body(**response, limits::error_body_bytes_max));
    response->reset();
    auto next = url->resolve(*location);
    if (!next) co_return named(next.error().with_context("redirect"), request);
    auto allowed = check_foreign_url(*url, *next, "redirect");
    if (allowed) allowed = check_foreign_url(base_, *next, "redirect");
    if (!allowed) co_return named(allowed.error(), request);
    if (visited.size() > limits::redirects_max || std::ranges::find(visited, next->str()) != visited.end()) {
      co_return named(Error(ErrorCode::malformed, "it redirects in a loop or too often"), request);
    }
    at_home = at_home && next->same_origin(base_);
    *url = std::move(*next);
  }
}

asio::awaitable<Error> RequestLoop::status_error(std::unique_ptr<HttpResponse> response, HttpUrl url, Request request) {
  const int status = response->status();
  std::string text = name_of_status(status) + " from " + (url.same_origin(base_) ? "registry " + endpoint_.host : url.origin()) + " for " +
                     request.subject;
  if (status == 403) text += " (" + identity(endpoint_) + ")";
  auto body = co_await read_body(*response, limits::error_body_bytes_max);
  const std::string message = body ? message_of_body(*body) : std::string();
  // Not another host's words: a redirect could have us read them to whoever sees the error.
  const bool own = url.same_origin(base_);
  if (own && !message.empty()) text += ": " + landwaiter::quoted(authenticator_.scrub(message, request.sent), 200);
  if (own && !base_.tls && body && asks_for_tls(status, *body)) text += std::string("; it speaks TLS: ") + kWriteHttps;
  Error out(code_of_status(status), authenticator_.scrub(std::move(text), request.sent));
  set_retry_after(out, *response, clock_.now(), body ? std::string_view(*body) : std::string_view());
  co_return out;
}

}  // namespace landwaiter::registry
