// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/login.hpp"
#include "registry/auth/token_cache.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// What a registry's challenge requires.
struct TokenOrder {
  HttpUrl realm;        ///< already checked; its own query is kept
  std::string service;  ///< from the challenge; some have none
  std::string scope;
  bool foreign_host = false;      ///< see HttpRequest
  bool own_origin = false;        ///< the realm is the registry's own: what it says may be told
  std::string unverified_origin;  ///< see HttpRequest
};

/// Gets Bearer tokens at a realm (distribution, docs/spec/auth/token.md and oauth.md). A token is exchanged as a refresh token or, if the
/// service does not support that form (400, 401, 404, 405), sent as a password. A password is sent with the GET form or, if that is not
/// supported (404, 405), with the OAuth2 form. Redirects that carry credentials are not followed. One attempt: the caller retries.
/// Errors: unauthorized and forbidden with the service's message, unavailable, rate_limited, malformed, limit_exceeded. Used from the io
/// thread.
class TokenService : public std::enable_shared_from_this<TokenService> {
 public:
  TokenService(std::shared_ptr<Transport> transport, const Clock& clock) : transport_(std::move(transport)), clock_(clock) {}
  Awaitable<Token> fetch(TokenOrder order, Login login);

 private:
  struct Reply;
  boost::asio::awaitable<Reply> by_post(TokenOrder order, Login login);
  boost::asio::awaitable<Reply> by_get(TokenOrder order, Login login);
  /// `tell`: the service's own words may be in the error. Those of another host may not: a registry could have it read anything.
  boost::asio::awaitable<Reply> ask(HttpRequest request, Login login, bool tell);

  std::shared_ptr<Transport> transport_;
  const Clock& clock_;
};

}  // namespace landwaiter::registry
