// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::registry {

struct Endpoint;
class Transport;

/// What a registry itself accepts: a name with a password, or a token (see Credentials::token), or nothing.
struct Login {
  std::string username;
  Secret password;
  Secret token;
  SteadyTime use_until = SteadyTime::max();  ///< already a little before it ends
  bool anonymous() const { return username.empty() && password.empty() && token.empty(); }
};

/// The user name beside which docker and its credential helpers keep an identity token.
inline constexpr std::string_view kTokenUser = "<token>";

/// The value of Authorization (RFC 7617): the name with its password or token; a token without a name uses "<token>", as in docker.
Secret basic_header(const Login& login);
/// The login's secrets in every form in which they are sent: plain, form-encoded, and in the Basic header.
void append_secrets(const Login& login, std::vector<Secret>& secrets);

/// Provides the login for an endpoint. A cloud's login is cached until shortly before it expires, one request serves all waiting callers,
/// and an older login that is still valid is used if the cloud does not answer. Used from the io thread.
class LoginSource {
 public:
  virtual ~LoginSource() = default;
  /// With `renew`, the registry has rejected the last login. Errors: unauthorized, forbidden with the cloud's message; unavailable.
  virtual Awaitable<Login> get(bool renew) = 0;
  /// All secrets that it knows, to keep them out of messages.
  virtual void append_secrets(std::vector<Secret>& secrets) const = 0;
};

/// The source for the kind of the endpoint's credentials. Cloud keys are sent only to hosts whose whole name belongs to that cloud, and
/// only over TLS; for any other host get() returns invalid_argument.
std::shared_ptr<LoginSource> make_login_source(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
