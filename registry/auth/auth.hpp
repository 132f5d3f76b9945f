// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/endpoint.hpp"
#include "registry/auth/login.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <memory>

namespace landwaiter::registry {

/// What one request proved itself with.
struct Credential {
  enum class Kind {
    none,
    basic,
    direct_token,  ///< the user's own token as it is
    cached_token,  ///< of the realm, from before this request
    fresh_token,   ///< of the realm, fetched after this request's challenge
    wider_token,   ///< fresh, with the scope that the challenge named
  };
  Kind kind = Kind::none;
  Secret header;  ///< the Authorization value
  /// Whether the realm gave a token for it: a refusal then says that a right is missing, not that the login is wrong.
  bool from_realm() const { return kind == Kind::cached_token || kind == Kind::fresh_token || kind == Kind::wider_token; }
};

/// Answers a registry's challenges (RFC 7617 Basic; the Docker token authentication specification for Bearer). Credentials go to
/// the registry itself and to its realm only; see check_foreign_url for where a realm may be (an http realm of an https registry's own
/// host is asked by https). Tokens are cached by realm, service and scope until shortly before they expire, each for one scope, and one
/// fetch serves all that wait for it. A request gets one renewed token at most, and one of the scope that its challenge names when
/// permitted_scope() lets it. Used from the io thread.
class Authenticator {
 public:
  Authenticator(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, std::shared_ptr<LoginSource> login,
                const Clock& clock);
  ~Authenticator();

  /// What to send at first: nothing before any challenge was seen.
  Awaitable<Credential> begin(std::string scope);
  /// What to send after a 401 to `used`; without challenges of its own (some registries send them with the first 401 only) the last
  /// ones count. Error unauthorized, with an empty text when there is nothing new to try.
  Awaitable<Credential> answer(std::vector<Challenge> challenges, HttpUrl asked, std::string scope, Credential used);
  /// Whether a challenge is known to answer a 401 that came without one.
  bool challenged() const;

  /// `text` with every credential in it replaced by "***".
  std::string scrub(std::string text) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Whether a URL that `base`'s answers named may be connected to (realm, redirect): no downgrade from https to http, and no
/// loopback, link-local or unspecified address unless it is the registry's own host, or both are loopback. Private networks
/// (RFC 1918) may: companies have their registries there.
Result<void> check_foreign_url(const HttpUrl& base, const HttpUrl& url, std::string_view what);
/// Whether the connection must check the resolved address too.
bool must_not_be_local(const HttpUrl& base, const HttpUrl& url);

}  // namespace landwaiter::registry
