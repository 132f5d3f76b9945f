// SPDX-License-Identifier: Apache-2.0
#include "registry/request_loop.hpp"

#include "core/json.hpp"
#include "core/limits.hpp"
#include "core/text.hpp"
#include "registry/endpoint.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace landwaiter::registry {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

ErrorCode code_of(int status) {
  if (status == 401) return ErrorCode::unauthorized;
  if (status == 403) return ErrorCode::forbidden;
  if (status == 404 || status == 410) return ErrorCode::not_found;
  if (status == 408) return ErrorCode::timeout;
  if (status == 429) return ErrorCode::rate_limited;
  if (status == 405 || status == 501 || status == 505) return ErrorCode::unsupported;
  return status >= 500 ? ErrorCode::unavailable : ErrorCode::malformed;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 400: return "400 Bad Request";
    case 401: return "401 Unauthorized";
    case 403: return "403 Forbidden";
    case 404: return "404 Not Found";
    case 405: return "405 Method Not Allowed";
    case 429: return "429 Too Many Requests";
    case 500: return "500 Internal Server Error";
    case 502: return "502 Bad Gateway";
    case 503: return "503 Service Unavailable";
    case 504: return "504 Gateway Timeout";
    default: return {};
  }
}

/// Code and message of the first error (distribution-spec, "Error Codes"); empty when the body is of another form.
std::string registry_message(const std::string& body) {
  std::string out;
  auto document = parse_json(body, "error");
  if (!document) return out;
  const auto read = read_json_fields("error", [&] {
    const auto& first = document->at("errors").at(0);
    out = first.value("code", std::string());
    const std::string message = first.value("message", std::string());
    if (!message.empty()) out += (out.empty() ? "" : ": ") + message;
  });
  return read ? out : std::string();
}

}  // namespace

RequestLoop::RequestLoop(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, const Clock& clock)
    : transport_(transport), endpoint_(endpoint), base_(base), clock_(clock), authenticator_(transport, endpoint, base, clock) {}

Error RequestLoop::named(const Error& error, const Request& request) const {
  Error out(error.code(), authenticator_.scrub("registry " + endpoint_.host + ", " + request.subject + ": " + error.message()));
  if (const auto wait = error.retry_after()) out.set_retry_after(*wait);
  return out;
}

Error RequestLoop::refused(const Request& request, std::string reason) const {
  std::string text = "401 Unauthorized from registry " + endpoint_.host + " for " + request.subject + " (" + identity(endpoint_) + "): ";
  text += endpoint_.anonymous() ? "it may need a username and password, or a token" : "check the username, password or token";
  if (!reason.empty()) text += "; " + reason;
  return Error(ErrorCode::unauthorized, authenticator_.scrub(std::move(text)));
}

Awaitable<void> RequestLoop::wait(milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Error(ErrorCode::cancelled, "cancelled while waiting to ask registry " + endpoint_.host + " again");
  co_return Result<void>();
}

Awaitable<void> RequestLoop::back_off(Error error, std::size_t attempt) {
  const ErrorCode code = error.code();
  const bool passing = code == ErrorCode::unavailable || code == ErrorCode::timeout || code == ErrorCode::rate_limited;
  if (!passing) co_return error;
  const milliseconds bound = std::min(limits::retry_wait_max, limits::retry_wait_first * (1 << std::min<std::size_t>(attempt - 1, 10)));
  milliseconds duration(std::uniform_int_distribution<milliseconds::rep>(0, bound.count())(random_));
  if (const auto asked = error.retry_after()) {
    if (*asked > limits::retry_wait_max) co_return error;
    duration = *asked;
    throttled_until_ = std::max(throttled_until_, clock_.steady_now() + *asked);
  }
  auto op = wait(duration);
  co_return co_await std::move(op);
}

Awaitable<Answer> RequestLoop::perform(Request request) {
  const auto self = shared_from_this();
  for (std::size_t attempt_number = 1;; ++attempt_number) {
    auto op = attempt(request);
    auto answer = co_await std::move(op);
    if (answer || attempt_number >= limits::request_attempts_max) co_return answer;
    auto pause = back_off(answer.error(), attempt_number);
    auto again = co_await std::move(pause);
    if (!again) co_return again.error();
  }
}

Awaitable<Document> RequestLoop::fetch(Request request, std::uint64_t bytes_max) {
  const auto self = shared_from_this();
  for (std::size_t attempt_number = 1;; ++attempt_number) {
    auto op = perform(request);
    auto answer = co_await std::move(op);
    if (!answer) co_return answer.error();
    auto reading = read_body(*answer->response, bytes_max);
    auto body = co_await std::move(reading);
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
    if (attempt_number >= limits::request_attempts_max) co_return broken;
    auto pause = back_off(broken, attempt_number);
    auto again = co_await std::move(pause);
    if (!again) co_return again.error();
  }
}

/// One try: from the original URL, with whatever authentication it asks for.
Awaitable<Answer> RequestLoop::attempt(Request request) {
  if (const auto left = throttled_until_ - clock_.steady_now(); left > SteadyTime::duration::zero()) {
    auto pause = wait(std::min(limits::retry_wait_max, std::chrono::ceil<milliseconds>(left)));
    auto waited = co_await std::move(pause);
    if (!waited) co_return waited.error();
  }
  auto beginning = authenticator_.begin(request.scope);
  auto credential = co_await std::move(beginning);
  for (std::size_t challenges = 0;; ++challenges) {
    if (!credential) {
      if (credential.error().code() == ErrorCode::unauthorized) co_return refused(request, credential.error().message());
      co_return named(credential.error(), request);
    }
    auto op = follow(request, *credential);
    auto answer = co_await std::move(op);
    if (!answer) co_return answer.error();
    if (answer->response->status() != 401) co_return answer;
    if (challenges >= limits::challenges_answered_max) co_return refused(request, "");
    auto next = respond_to_401(std::move(answer->response), answer->url, request, *credential);
    credential = co_await std::move(next);
  }
}

Awaitable<Credential> RequestLoop::respond_to_401(std::unique_ptr<HttpResponse> response, HttpUrl url, Request request, Credential used) {
  std::vector<Challenge> challenges = parse_challenges(response->headers("WWW-Authenticate"));
  // Read to its end, so that the connection serves the next request.
  auto reading = read_body(*response, limits::error_body_bytes_max);
  auto body = co_await std::move(reading);
  response.reset();
  const std::string message = body ? registry_message(*body) : std::string();
  if (!url.same_origin(base_)) co_return Error(ErrorCode::unauthorized, "it was redirected to " + url.origin() + ", which refused it");
  if (challenges.empty() && !authenticator_.challenged()) {
    HttpRequest ping;
    ping.url = base_.origin() + "/v2/";
    auto asking = transport_->send(std::move(ping));
    auto answer = co_await std::move(asking);
    if (answer) challenges = parse_challenges((*answer)->headers("WWW-Authenticate"));
  }
  auto op = authenticator_.answer(std::move(challenges), std::move(url), request.scope, std::move(used));
  auto next = co_await std::move(op);
  if (!next && next.error().message().empty()) {
    const std::string said = message.empty() ? std::string() : "it says " + landwaiter::quoted(message, 200);
    co_return Error(next.error().code(), said);
  }
  co_return next;
}

/// Sends and follows redirects. Gives back expected statuses and 401; the rest are errors.
Awaitable<Answer> RequestLoop::follow(Request request, Credential credential) {
  auto url = base_.resolve(request.target);
  if (!url) co_return named(url.error(), request);
  if (!url->same_origin(base_)) co_return named(Error(ErrorCode::malformed, "the request leads to another host"), request);
  std::vector<std::string> visited;
  bool at_home = true;
  while (true) {
    visited.push_back(url->str());
    HttpRequest wire;
    wire.method = request.method;
    wire.url = url->str();
    wire.headers = request.headers;
    // Once away, never again: a redirect back could be another's doing.
    if (at_home) wire.authorization = credential.header;
    else wire.no_local_address = must_not_be_local(base_, *url);
    auto op = transport_->send(std::move(wire));
    auto response = co_await std::move(op);
    if (!response) co_return named(response.error(), request);
    const int status = (*response)->status();
    const auto location = (*response)->header("Location");
    const bool expected = std::ranges::find(request.expected, status) != request.expected.end();
    if (expected || status == 401) {
      Answer out{std::move(*response), *url};
      co_return out;
    }
    if (!is_redirect(status) || !location) {
      auto failing = status_error(std::move(*response), *url, request);
      const Error failed = co_await std::move(failing);
      co_return failed;
    }
    response->reset();
    auto next = url->resolve(*location);
    if (!next) co_return named(next.error().with_context("redirect"), request);
    auto allowed = check_foreign_url(*url, *next, "redirect");
    if (allowed) allowed = check_foreign_url(base_, *next, "redirect");
    if (!allowed) co_return named(allowed.error(), request);
    if (visited.size() > limits::redirects_max || std::ranges::find(visited, next->str()) != visited.end()) {
      co_return named(Error(ErrorCode::malformed, "it redirects in a circle or too often"), request);
    }
    at_home = at_home && next->same_origin(base_);
    *url = std::move(*next);
  }
}

asio::awaitable<Error> RequestLoop::status_error(std::unique_ptr<HttpResponse> response, HttpUrl url, Request request) {
  const int status = response->status();
  const std::string_view reason = reason_of(status);
  std::string text = reason.empty() ? "status " + std::to_string(status) : std::string(reason);
  text += " from " + (url.same_origin(base_) ? "registry " + endpoint_.host : url.origin()) + " for " + request.subject;
  if (status == 403) text += " (" + identity(endpoint_) + ")";
  auto reading = read_body(*response, limits::error_body_bytes_max);
  auto body = co_await std::move(reading);
  const std::string message = body ? registry_message(*body) : std::string();
  if (!message.empty()) text += ": " + landwaiter::quoted(authenticator_.scrub(message), 200);
  Error out(code_of(status), authenticator_.scrub(std::move(text)));
  if (const auto value = response->header("Retry-After")) {
    if (const auto asked = parse_retry_after(*value, clock_.now())) out.set_retry_after(*asked);
  }
  co_return out;
}

}  // namespace landwaiter::registry
