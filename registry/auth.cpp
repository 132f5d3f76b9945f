// SPDX-License-Identifier: Apache-2.0
#include "registry/auth.hpp"

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/limits.hpp"
#include "core/text.hpp"
#include "registry/status_error.hpp"
#include "registry/token_cache.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kTokenUser = "<token>";

std::string form_encode(std::string_view text) { return boost::urls::encode(text, boost::urls::unreserved_chars); }

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!out.empty()) out += '&';
  out.append(name).append("=").append(form_encode(value));
}

Secret basic(const std::string& user, const Secret& password) {
  std::string plain = user + ':' + password.reveal();
  Secret out("Basic " + base64_encode(as_bytes(plain)));
  wipe(plain);
  return out;
}

Secret bearer(const Secret& token) { return Secret("Bearer " + token.reveal()); }

const Challenge* find(const std::vector<Challenge>& challenges, std::string_view scheme) {
  const auto found = std::ranges::find(challenges, scheme, &Challenge::scheme);
  return found == challenges.end() ? nullptr : &*found;
}

Error unauthorized(std::string message) { return Error(ErrorCode::unauthorized, std::move(message)); }

/// RFC 6750 section 2.1: what may follow "Bearer ".
bool is_token_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<Token> parse_token(std::string& body, SteadyTime asked_at) {
  auto document = parse_json(body, "the token service's answer");
  wipe(body);
  if (!document) return document.error();
  const auto text_of = [&](const char* name) {
    const auto found = document->is_object() ? document->find(name) : document->end();
    return found != document->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  std::string text = text_of("token");
  if (text.empty()) text = text_of("access_token");
  if (!is_token_text(text)) return Error(ErrorCode::malformed, "the token service's answer holds no usable token");
  std::int64_t seconds = 0;
  if (const auto found = document->find("expires_in"); found != document->end() && found->is_number_integer()) {
    seconds = found->get<std::int64_t>();
  }
  const auto lifetime = std::clamp<std::chrono::seconds>(std::chrono::seconds(seconds), limits::token_lifetime_min, limits::token_lifetime_max);
  return Token{Secret(std::move(text)), asked_at + lifetime - limits::token_early};
}

}  // namespace

Result<void> check_foreign_url(const HttpUrl& base, const HttpUrl& url, std::string_view what) {
  const auto refused = [&](const std::string& why) {
    return Error(ErrorCode::malformed, "refused the " + std::string(what) + " to " + url.display() + ": " + why);
  };
  if (base.tls && !url.tls) return refused("it leads from https to plain http");
  if (url.host == base.host) return {};
  if (is_loopback_host(url.host) && is_loopback_host(base.host)) return {};
  if (is_local_host(url.host)) return refused("it is a local address");
  return {};
}

bool must_not_be_local(const HttpUrl& base, const HttpUrl& url) { return url.host != base.host && !is_loopback_host(base.host); }

struct Authenticator::Impl : std::enable_shared_from_this<Authenticator::Impl> {
  Impl(std::shared_ptr<Transport> t, Endpoint e, HttpUrl b, const Clock& c)
      : transport(std::move(t)), endpoint(std::move(e)), base(std::move(b)), clock(c), tokens(std::make_shared<TokenCache>(c)) {}

  enum class TokenUse { untried, direct, exchange };

  std::shared_ptr<Transport> transport;
  Endpoint endpoint;
  HttpUrl base;
  const Clock& clock;
  std::shared_ptr<TokenCache> tokens;
  std::vector<Challenge> challenges;
  TokenUse token_use = TokenUse::untried;

  const Credentials& login() const { return endpoint.credentials; }
  bool has_token() const { return !login().token.empty(); }
  const Secret& password() const { return has_token() ? login().token : login().password; }
  std::string user() const { return has_token() && login().username.empty() ? std::string(kTokenUser) : login().username; }

  Result<HttpUrl> realm_of(const Challenge& challenge, const HttpUrl& asked) const;
  Awaitable<Credential> bearer_token(Challenge challenge, HttpUrl asked, std::string scope, bool renew);
  Awaitable<Token> fetch(HttpUrl realm, std::string service, std::string scope);
  Awaitable<Token> by_refresh_token(HttpUrl realm, std::string service, std::string scope);
  Awaitable<Token> by_get(HttpUrl realm, std::string service, std::string scope);
  Awaitable<Token> ask(HttpRequest request);
};

Result<HttpUrl> Authenticator::Impl::realm_of(const Challenge& challenge, const HttpUrl& asked) const {
  const std::string text = challenge.parameter("realm");
  if (text.empty()) return Error(ErrorCode::malformed, "the registry's Bearer challenge names no realm");
  auto realm = asked.resolve(text);
  if (!realm) return realm.error().with_context("the registry's realm");
  auto allowed = check_foreign_url(base, *realm, "token realm");
  if (!allowed) return allowed.error();
  // The registry itself may have been asked for in plain HTTP; that says nothing about another host.
  if (!realm->tls && realm->host != base.host && !is_loopback_host(realm->host)) {
    return Error(ErrorCode::malformed, "refused the token realm " + realm->display() + ": it is another host's and not https");
  }
  return realm;
}

Awaitable<Token> Authenticator::Impl::ask(HttpRequest request) {
  request.tls_verify = endpoint.tls_verify;
  const auto asked_at = clock.steady_now();
  auto response = co_await transport->send(std::move(request));
  if (!response) co_return response.error();
  const int status = (*response)->status();
  if (status != 200) {
    const std::string text = "the token service answered with status " + std::to_string(status);
    if (status == 429) {
      Error limited(ErrorCode::rate_limited, text);
      set_retry_after(limited, **response, clock.now());
      co_return limited;
    }
    if (status >= 500) co_return Error(ErrorCode::unavailable, text);
    if (status == 403) co_return Error(ErrorCode::forbidden, text);
    if (status >= 300 && status < 400) co_return Error(ErrorCode::malformed, text + "; redirects are not followed with credentials");
    co_return unauthorized(text);
  }
  auto body = co_await read_body(**response, limits::token_bytes_max);
  if (!body) co_return body.error().with_context("reading the token service's answer");
  co_return parse_token(*body, asked_at);
}

/// OAuth2 form of the token specification (distribution, docs/spec/auth/oauth.md).
Awaitable<Token> Authenticator::Impl::by_refresh_token(HttpUrl realm, std::string service, std::string scope) {
  HttpRequest request;
  request.method = "POST";
  request.url = realm.str();
  request.no_local_address = must_not_be_local(base, realm);
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  std::string form;
  add_field(form, "grant_type", "refresh_token");
  add_field(form, "service", service);
  add_field(form, "client_id", "landwaiter");
  add_field(form, "scope", scope);
  add_field(form, "refresh_token", login().token.reveal());
  request.body = Secret(form);
  wipe(form);
  auto op = ask(std::move(request));
  co_return co_await std::move(op);
}

/// distribution, docs/spec/auth/token.md. The realm's own query stays.
Awaitable<Token> Authenticator::Impl::by_get(HttpUrl realm, std::string service, std::string scope) {
  std::string query;
  add_field(query, "service", service);
  add_field(query, "scope", scope);
  HttpRequest request;
  if (!login().anonymous()) {
    add_field(query, "account", login().username);
    request.secret_headers.push_back({"Authorization", basic(user(), password())});
  }
  if (!query.empty()) realm.target += (realm.target.find('?') == std::string::npos ? "?" : "&") + query;
  request.url = realm.str();
  request.no_local_address = must_not_be_local(base, realm);
  auto op = ask(std::move(request));
  co_return co_await std::move(op);
}

Awaitable<Token> Authenticator::Impl::fetch(HttpUrl realm, std::string service, std::string scope) {
  if (has_token()) {
    auto exchange = by_refresh_token(realm, service, scope);
    auto token = co_await std::move(exchange);
    // Services without the OAuth2 form answer with 400, 401, 404 or 405; all are `unauthorized` here.
    const bool other_form = !token && (token.error().code() == ErrorCode::unauthorized || token.error().code() == ErrorCode::malformed);
    if (!other_form) co_return token;
  }
  auto plain = by_get(std::move(realm), std::move(service), std::move(scope));
  co_return co_await std::move(plain);
}

Awaitable<Credential> Authenticator::Impl::bearer_token(Challenge challenge, HttpUrl asked, std::string scope, bool renew) {
  const auto self = shared_from_this();
  auto realm = realm_of(challenge, asked);
  if (!realm) co_return realm.error();
  const std::string service = challenge.parameter("service");
  const std::string key = realm->str() + '\n' + service + '\n' + scope;
  if (renew) tokens->drop(key);
  TokenCache::Fetch fetch_one = [self, url = *realm, service, scope] { return self->fetch(url, service, scope); };
  auto op = tokens->get(key, std::move(fetch_one));
  auto got = co_await std::move(op);
  if (!got) co_return got.error();
  Credential out;
  out.kind = got->fresh ? Credential::Kind::fresh_token : Credential::Kind::cached_token;
  out.header = bearer(got->text);
  co_return out;
}

Authenticator::Authenticator(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, const Clock& clock)
    : impl_(std::make_shared<Impl>(std::move(transport), std::move(endpoint), std::move(base), clock)) {}
Authenticator::~Authenticator() = default;

bool Authenticator::challenged() const { return !impl_->challenges.empty(); }

Awaitable<Credential> Authenticator::begin(std::string scope) {
  const auto impl = impl_;
  Credential out;
  if (const Challenge* challenge = find(impl->challenges, "bearer")) {
    if (!impl->has_token() || impl->token_use == Impl::TokenUse::exchange) {
      auto op = impl->bearer_token(*challenge, impl->base, std::move(scope), false);
      co_return co_await std::move(op);
    }
    out.kind = Credential::Kind::direct_token;
    out.header = bearer(impl->login().token);
  } else if (find(impl->challenges, "basic") != nullptr && !impl->login().anonymous()) {
    out.kind = Credential::Kind::basic;
    out.header = basic(impl->user(), impl->password());
  }
  co_return out;
}

Awaitable<Credential> Authenticator::answer(std::vector<Challenge> challenges, HttpUrl asked, std::string scope, Credential used) {
  using Kind = Credential::Kind;
  const auto impl = impl_;
  // Some registries send the challenge with the first 401 only.
  if (challenges.empty()) challenges = impl->challenges;
  const Challenge* by_token = find(challenges, "bearer");
  const Challenge* by_password = find(challenges, "basic");
  if (by_token == nullptr && by_password == nullptr) co_return unauthorized("it asks for no authentication known here");
  impl->challenges = challenges;
  Credential out;
  if (by_token == nullptr) {
    if (impl->login().anonymous() || used.kind == Kind::basic) co_return unauthorized("");
    out.kind = Kind::basic;
    out.header = basic(impl->user(), impl->password());
    co_return out;
  }
  if (used.kind == Kind::fresh_token) co_return unauthorized("");
  if (impl->has_token() && impl->token_use != Impl::TokenUse::exchange && used.kind != Kind::direct_token) {
    out.kind = Kind::direct_token;
    out.header = bearer(impl->login().token);
    co_return out;
  }
  if (used.kind == Kind::direct_token && by_token->parameter("realm").empty()) co_return unauthorized("");
  const bool renew = used.kind == Kind::cached_token;
  auto op = impl->bearer_token(*by_token, std::move(asked), std::move(scope), renew);
  auto got = co_await std::move(op);
  if (!got) co_return got.error();
  if (impl->has_token()) impl->token_use = Impl::TokenUse::exchange;
  // Whether this request or another one fetched it a moment ago: it is not from before the challenge.
  got->kind = Kind::fresh_token;
  co_return *got;
}

std::string Authenticator::scrub(std::string text) const {
  std::vector<Secret> secrets;
  const Credentials& login = impl_->login();
  for (const Secret& secret : {login.password, login.token}) {
    if (secret.empty()) continue;
    secrets.push_back(secret);
    secrets.emplace_back(base64_encode(as_bytes(impl_->user() + ':' + secret.reveal())));
    secrets.emplace_back(form_encode(secret.reveal()));
  }
  impl_->tokens->append_to(secrets);
  for (const Secret& secret : secrets) text = redact(std::move(text), secret);
  return text;
}

}  // namespace landwaiter::registry
