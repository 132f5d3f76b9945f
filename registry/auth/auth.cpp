// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/auth.hpp"

#include "core/base/limits.hpp"
#include "registry/auth/scope.hpp"
#include "registry/auth/token_cache.hpp"
#include "registry/auth/token_service.hpp"
#include "registry/http/address.hpp"

#include <algorithm>
#include <map>

namespace landwaiter::registry {
namespace {

using Kind = Credential::Kind;

const Challenge* find(const std::vector<Challenge>& challenges, std::string_view scheme) {
  const auto found = std::ranges::find(challenges, scheme, &Challenge::scheme);
  return found == challenges.end() ? nullptr : &*found;
}

/// The first Bearer challenge that names a token service.
const Challenge* find_realm(const std::vector<Challenge>& challenges) {
  const auto names_realm = [](const Challenge& challenge) { return challenge.scheme == "bearer" && !challenge.parameter("realm").empty(); };
  const auto found = std::ranges::find_if(challenges, names_realm);
  return found == challenges.end() ? nullptr : &*found;
}

bool known_scheme(const Challenge& challenge) { return challenge.scheme == "bearer" || challenge.scheme == "basic"; }

Error unauthorized(std::string message) { return Error(ErrorCode::unauthorized, std::move(message)); }

bool same_secrets(const Login& a, const Login& b) { return a.password.equals(b.password.reveal()) && a.token.equals(b.token.reveal()); }

}  // namespace

Result<void> check_foreign_url(const HttpUrl& base, const HttpUrl& url, std::string_view what) {
  const auto refused = [&](const std::string& why) {
    return Error(ErrorCode::malformed, "refused the " + std::string(what) + " to " + url.display() + ": " + why);
  };
  if (base.tls && !url.tls) return refused("it leads from https to plain http");
  if (url.host == base.host) return {};
  if (is_loopback_host(url.host) && is_loopback_host(base.host)) return {};
  if (host_kind(url.host) == AddressKind::special) return refused("it is a local, metadata or other special-purpose address");
  return {};
}

Result<void> check_realm(const HttpUrl& base, const HttpUrl& realm) {
  auto allowed = check_foreign_url(base, realm, "token realm");
  if (!allowed || realm.tls || realm.host == base.host || is_loopback_host(realm.host)) return allowed;
  // The user may have requested plain HTTP for the registry; that does not apply to another host.
  return Error(ErrorCode::malformed, "refused the token realm " + realm.display() + ": it is another host's and not https");
}

bool is_foreign_host(const HttpUrl& base, const HttpUrl& url) {
  return url.host != base.host && !(is_loopback_host(url.host) && is_loopback_host(base.host));
}

struct Authenticator::Impl : std::enable_shared_from_this<Authenticator::Impl> {
  Impl(std::shared_ptr<Transport> transport, Endpoint e, HttpUrl b, std::shared_ptr<LoginSource> l, const Clock& clock)
      : endpoint(std::move(e)),
        base(b),
        login(std::move(l)),
        service(std::make_shared<TokenService>(std::move(transport), clock)),
        tokens(std::make_shared<TokenCache>(clock)),
        challenged_at(std::move(b)) {}

  Endpoint endpoint;
  HttpUrl base;
  std::shared_ptr<LoginSource> login;
  std::shared_ptr<TokenService> service;
  std::shared_ptr<TokenCache> tokens;
  std::vector<Challenge> challenges;         ///< of known schemes; the most recent ones
  HttpUrl challenged_at;                     ///< where: a realm may be relative
  bool direct_refused = false;               ///< the user's token must be exchanged
  std::map<std::string, std::string> wider;  ///< our scope -> the scope that the registry requires

  bool may_go_direct() const { return endpoint.credentials.kind == Credentials::Kind::token && !direct_refused; }
  std::string effective(const std::string& scope) const {
    const auto found = wider.find(scope);
    return found == wider.end() ? scope : found->second;
  }
  void remember_wider(const std::string& scope, const std::string& permitted) {
    if (wider.size() >= limits::tokens_cached_max) wider.clear();
    wider[scope] = permitted;
  }

  Result<HttpUrl> realm_of(const Challenge& challenge) const;
  Awaitable<Credential> direct();
  Awaitable<Credential> basic(Credential used);
  Awaitable<Credential> bearer(Challenge challenge, std::string scope, bool renew);
  Awaitable<Credential> other_bearer(Challenge challenge, std::string scope, Credential used);
  Awaitable<Token> fetch(TokenOrder order);
};

Result<HttpUrl> Authenticator::Impl::realm_of(const Challenge& challenge) const {
  auto realm = challenged_at.resolve(challenge.parameter("realm"));
  if (!realm) return realm.error().with_context("the registry's realm");
  // A registry behind a TLS proxy may not know about it: a realm on its own host is contacted the same way as the registry.
  if (base.tls && !realm->tls && realm->host == base.host && (realm->port == "80" || realm->port == base.port)) {
    realm->tls = true;
    realm->port = base.port;
  }
  auto allowed = check_realm(base, *realm);
  if (!allowed) return allowed.error();
  return realm;
}

/// A login that the realm rejects may have expired early: it is renewed once.
Awaitable<Token> Authenticator::Impl::fetch(TokenOrder order) {
  auto own = co_await login->get(false);
  if (!own) co_return own.error();
  auto token = co_await service->fetch(order, *own);
  if (token || token.error().code() != ErrorCode::unauthorized || own->anonymous()) co_return token;
  auto renewed = co_await login->get(true);
  if (!renewed || same_secrets(*own, *renewed)) co_return token;
  co_return co_await service->fetch(std::move(order), std::move(*renewed));
}

Awaitable<Credential> Authenticator::Impl::direct() {
  auto own = co_await login->get(false);
  if (!own) co_return own.error();
  Credential out;
  out.kind = Kind::direct_token;
  out.header = concat({"Bearer ", own->token.reveal()});
  co_return out;
}

Awaitable<Credential> Authenticator::Impl::basic(Credential used) {
  if (endpoint.credentials.anonymous()) co_return unauthorized("");
  const bool refused = used.kind == Kind::basic;
  auto own = co_await login->get(refused);
  if (!own) co_return own.error();
  Credential out;
  out.kind = Kind::basic;
  out.header = basic_header(*own);
  if (refused && out.header.equals(used.header.reveal())) co_return unauthorized("");
  co_return out;
}

Awaitable<Credential> Authenticator::Impl::bearer(Challenge challenge, std::string scope, bool renew) {
  const auto self = shared_from_this();
  auto realm = realm_of(challenge);
  if (!realm) co_return realm.error();
  TokenOrder order;
  order.realm = *realm;
  order.service = challenge.parameter("service");
  order.scope = std::move(scope);
  order.foreign_host = is_foreign_host(base, *realm);
  order.own_origin = realm->same_origin(base);
  order.unverified_origin = unverified_origin(endpoint);
  const std::string key = realm->str() + '\n' + order.service + '\n' + order.scope;
  if (renew) tokens->drop(key);
  TokenCache::Fetch fetch_one = [self, order] { return self->fetch(order); };
  auto got = co_await tokens->get(key, std::move(fetch_one));
  if (!got) co_return got.error();
  Credential out;
  out.kind = got->fresh ? Kind::fresh_token : Kind::cached_token;
  out.header = concat({"Bearer ", got->text.reveal()});
  co_return out;
}

/// After a 401 to a token of the realm: another scope if the registry says that this one was insufficient, otherwise a renewed token.
Awaitable<Credential> Authenticator::Impl::other_bearer(Challenge challenge, std::string scope, Credential used) {
  const std::string tried = effective(scope);
  std::string permitted;
  if (challenge.parameter("error") == "insufficient_scope") permitted = permitted_scope(scope, challenge.parameter("scope"));
  if (!permitted.empty() && permitted != tried && used.kind != Kind::wider_token) {
    remember_wider(scope, permitted);
    auto got = co_await bearer(std::move(challenge), permitted, false);
    if (got) got->kind = Kind::wider_token;
    co_return got;
  }
  if (used.kind != Kind::cached_token) co_return unauthorized("");
  auto got = co_await bearer(std::move(challenge), tried, true);
  // Either this request or another one fetched it just now: it is newer than the challenge.
  if (got) got->kind = Kind::fresh_token;
  co_return got;
}

Authenticator::Authenticator(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, std::shared_ptr<LoginSource> login,
                             const Clock& clock)
    : impl_(std::make_shared<Impl>(std::move(transport), std::move(endpoint), std::move(base), std::move(login), clock)) {}
Authenticator::~Authenticator() = default;

bool Authenticator::challenged() const { return !impl_->challenges.empty(); }

Awaitable<Credential> Authenticator::begin(std::string scope) {
  const auto impl = impl_;
  if (find(impl->challenges, "bearer") != nullptr && impl->may_go_direct()) {
    co_return co_await impl->direct();
  }
  if (const Challenge* realm = find_realm(impl->challenges)) {
    co_return co_await impl->bearer(*realm, impl->effective(scope), false);
  }
  Credential none;
  if (find(impl->challenges, "basic") == nullptr || impl->endpoint.credentials.anonymous()) co_return none;
  co_return co_await impl->basic(none);
}

Awaitable<Credential> Authenticator::answer(std::vector<Challenge> challenges, HttpUrl asked, std::string scope, Credential used) {
  const auto impl = impl_;
  std::erase_if(challenges, [](const Challenge& challenge) { return !known_scheme(challenge); });
  if (!challenges.empty()) {
    impl->challenges = std::move(challenges);
    impl->challenged_at = std::move(asked);
  }
  if (impl->challenges.empty()) co_return unauthorized("it asks for an authentication scheme that is not supported");
  const bool by_token = find(impl->challenges, "bearer") != nullptr;
  if (by_token && impl->may_go_direct() && used.kind != Kind::direct_token) {
    co_return co_await impl->direct();
  }
  const Challenge* realm = find_realm(impl->challenges);
  if (realm == nullptr && find(impl->challenges, "basic") != nullptr) {
    co_return co_await impl->basic(std::move(used));
  }
  if (realm == nullptr && used.kind == Kind::direct_token) co_return unauthorized("");
  if (realm == nullptr) co_return Error(ErrorCode::malformed, "the registry's Bearer challenge names no realm");
  if (used.from_realm()) {
    co_return co_await impl->other_bearer(*realm, std::move(scope), std::move(used));
  }
  auto got = co_await impl->bearer(*realm, impl->effective(scope), false);
  if (!got) co_return got.error();
  if (used.kind == Kind::direct_token) impl->direct_refused = true;
  got->kind = Kind::fresh_token;
  co_return got;
}

std::string Authenticator::scrub(std::string text, const std::vector<Secret>& sent) const {
  std::vector<Secret> secrets;
  impl_->login->append_secrets(secrets);
  for (const Secret& header : sent) {
    const std::string_view value = header.reveal();
    secrets.push_back(concat({value.substr(value.find(' ') + 1)}));  // what follows "Bearer " or "Basic "
  }
  for (const Secret& secret : secrets) text = redact(std::move(text), secret);
  return text;
}

}  // namespace landwaiter::registry
