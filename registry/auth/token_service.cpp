// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/token_service.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/auth/token_answer.hpp"
#include "registry/http/form.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/status_error.hpp"

#include <algorithm>
#include <initializer_list>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kClientId = "landwaiter";

bool is_one_of(int status, std::initializer_list<int> statuses) { return std::ranges::find(statuses, status) != statuses.end(); }

/// GCR, Artifactory, ACR and others answer this way to a form that they do not support.
bool knows_no_refresh(int status) { return is_one_of(status, {400, 401, 404, 405}); }
bool knows_no_get(int status) { return is_one_of(status, {404, 405}); }

HttpRequest request_for(const TokenOrder& order) {
  HttpRequest out;
  out.foreign_host = order.foreign_host;
  out.unverified_origin = order.unverified_origin;
  out.answer_timeout = limits::token_answer_timeout;
  return out;
}

ErrorCode code_of_refusal(int status) {
  if (status == 403) return ErrorCode::forbidden;
  if (status == 408 || status == 429 || status >= 500) return code_of_status(status);
  return status >= 300 && status < 400 ? ErrorCode::malformed : ErrorCode::unauthorized;
}

Error refusal(const HttpResponse& response, const std::string& origin, std::string said, const Login& login, SystemTime now) {
  const int status = response.status();
  std::string text = "the token service " + origin + " answered " + name_of_status(status);
  if (status >= 300 && status < 400) text += "; redirects that carry credentials are not followed";
  std::vector<Secret> secrets;
  append_secrets(login, secrets);
  for (const Secret& secret : secrets) said = redact(std::move(said), secret);
  if (!said.empty()) text += ": " + landwaiter::quoted(said, 200);
  Error out(code_of_refusal(status), std::move(text));
  set_retry_after(out, response, now);
  return out;
}

}  // namespace

struct TokenService::Reply {
  int status = 0;  ///< 0 when there was no answer
  Result<Token> token = Error(ErrorCode::internal, "the token service returned no token");
};

boost::asio::awaitable<TokenService::Reply> TokenService::ask(HttpRequest request, Login login, bool tell) {
  Reply out;
  std::string origin;
  if (const auto url = HttpUrl::parse(request.url)) origin = url->origin();
  const auto asked_at = clock_.steady_now();
  auto response = co_await transport_->send(std::move(request));
  if (!response) {
    out.token = response.error().with_context("the token service " + origin);
    co_return out;
  }
  out.status = (*response)->status();
  const bool good = out.status == 200;
  auto body = co_await read_body(**response, good ? limits::token_bytes_max : limits::error_body_bytes_max);
  if (!good) {
    out.token = refusal(**response, origin, body && tell ? message_of_body(*body) : std::string(), login, clock_.now());
  } else if (!body) {
    out.token = body.error().with_context("reading the answer of the token service " + origin);
  } else {
    out.token = parse_token_answer(*body, parse_http_date((*response)->header("Date").value_or("")), asked_at);
  }
  co_return out;
}

boost::asio::awaitable<TokenService::Reply> TokenService::by_post(TokenOrder order, Login login) {
  HttpRequest request = request_for(order);
  request.method = "POST";
  request.url = order.realm.str();
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  Form form;
  form.add("grant_type", login.token.empty() ? "password" : "refresh_token");
  form.add("service", order.service).add("client_id", kClientId).add("scope", order.scope);
  if (login.token.empty()) form.add("username", login.username).add("password", login.password.reveal());
  else form.add("refresh_token", login.token.reveal());
  request.body = form.secret();
  co_return co_await ask(std::move(request), std::move(login), order.own_origin);
}

boost::asio::awaitable<TokenService::Reply> TokenService::by_get(TokenOrder order, Login login) {
  HttpRequest request = request_for(order);
  Form query;
  query.add("service", order.service).add("scope", order.scope);
  if (!login.anonymous()) {
    query.add("account", login.username);
    request.secret_headers.push_back({"Authorization", basic_header(login)});
  }
  HttpUrl url = order.realm;
  if (!query.text().empty()) url.target += (url.target.find('?') == std::string::npos ? "?" : "&") + query.text();
  request.url = url.str();
  co_return co_await ask(std::move(request), std::move(login), order.own_origin);
}

Awaitable<Token> TokenService::fetch(TokenOrder order, Login login) {
  const auto self = shared_from_this();
  if (!login.token.empty()) {
    Reply reply = co_await by_post(order, login);
    if (reply.token || !knows_no_refresh(reply.status)) co_return reply.token;
  }
  Reply reply = co_await by_get(order, login);
  if (reply.token || !login.token.empty() || login.anonymous() || !knows_no_get(reply.status)) co_return reply.token;
  Reply posted = co_await by_post(order, login);
  // If neither form is supported, the first refusal is reported.
  if (!posted.token && knows_no_get(posted.status)) co_return reply.token;
  co_return posted.token;
}

}  // namespace landwaiter::registry
