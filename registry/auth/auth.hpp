// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/endpoint.hpp"
#include "registry/auth/login.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <memory>

namespace landwaiter::registry {

/// What one request authenticated with.
struct Credential {
  enum class Kind {
    none,
    basic,
    direct_token,  ///< the user's own token, unchanged
    cached_token,  ///< from the realm, before this request
    fresh_token,   ///< from the realm, fetched after this request's challenge
    wider_token,   ///< fresh, with the scope that the challenge named
  };
  Kind kind = Kind::none;
  Secret header;  ///< the Authorization value
  /// Whether the realm issued a token for it: a refusal then means a missing permission, not a wrong login.
  bool from_realm() const { return kind == Kind::cached_token || kind == Kind::fresh_token || kind == Kind::wider_token; }
};

/// Answers a registry's challenges (RFC 7617 Basic; the Docker token authentication specification for Bearer). Credentials go to the
/// registry itself and to its realm only; see check_foreign_url for where a realm may be (an http realm on an https registry's own host
/// is contacted over https). Tokens are cached by realm, service and scope until shortly before they expire, each for one scope, and one
/// fetch serves all waiting requests. A request gets at most one renewed token, and one for the scope in its challenge if
/// permitted_scope() allows it. Used from the io thread.
class Authenticator {
 public:
  Authenticator(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, std::shared_ptr<LoginSource> login,
                const Clock& clock);
  ~Authenticator();

  /// What to send first: nothing before a challenge has been seen.
  Awaitable<Credential> begin(std::string scope);
  /// What to send after a 401 to `used`; without challenges in it (some registries send them only with the first 401) the most recent
  /// ones apply. Error unauthorized, with an empty text if there is nothing new to try.
  Awaitable<Credential> answer(std::vector<Challenge> challenges, HttpUrl asked, std::string scope, Credential used);
  /// Whether a challenge is known to answer a 401 that came without one.
  bool challenged() const;

  /// `text` with every credential of the login, and of the Authorization values in `sent`, replaced by "***".
  std::string scrub(std::string text, const std::vector<Secret>& sent) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Whether we may connect to a URL from one of `base`'s answers (realm, redirect): no downgrade from https to http, and no host
/// written as a special-purpose address (see AddressKind) unless it is the registry's own, or both are loopback.
Result<void> check_foreign_url(const HttpUrl& base, const HttpUrl& url, std::string_view what);
/// The same for a token realm, which is sent credentials: they go in the clear to the registry's own host only, if it is itself asked in
/// the clear (see base_url), and to loopback.
Result<void> check_realm(const HttpUrl& base, const HttpUrl& realm);
/// Whether the connection must check the resolved address too: see HttpRequest::foreign_host.
bool is_foreign_host(const HttpUrl& base, const HttpUrl& url);

}  // namespace landwaiter::registry
