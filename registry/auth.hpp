// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client.hpp"
#include "registry/http_headers.hpp"
#include "registry/transport.hpp"
#include "registry/url.hpp"

#include <memory>

namespace landwaiter::registry {

/// What one request proved itself with.
struct Credential {
  enum class Kind { none, basic, direct_token, cached_token, fresh_token };
  Kind kind = Kind::none;
  Secret header;  ///< the Authorization value
};

/// Answers a registry's challenges (RFC 7617 Basic; the Docker token authentication specification for Bearer). Credentials go to
/// the registry itself and to its realm only; see check_foreign_url for where a realm may be. Tokens are cached by scope until
/// shortly before they expire, and one fetch serves all that wait for the same scope. Used from the io thread.
class Authenticator {
 public:
  Authenticator(std::shared_ptr<Transport> transport, Endpoint endpoint, HttpUrl base, const Clock& clock);
  ~Authenticator();

  /// What to send at first: nothing before any challenge was seen.
  Awaitable<Credential> begin(std::string scope);
  /// What to send after a 401 to `used`. Error unauthorized when there is nothing new to try.
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
/// loopback, link-local or unspecified address unless it is the registry's own host, or both are loopback.
Result<void> check_foreign_url(const HttpUrl& base, const HttpUrl& url, std::string_view what);
/// Whether the connection must check the resolved address too.
bool must_not_be_local(const HttpUrl& base, const HttpUrl& url);

}  // namespace landwaiter::registry
