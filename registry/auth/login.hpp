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

/// What a registry itself takes: a name with a password, or a token (see Credentials::token), or nothing.
struct Login {
  std::string username;
  Secret password;
  Secret token;
  SteadyTime use_until = SteadyTime::max();  ///< already a little before it ends
  bool anonymous() const { return username.empty() && password.empty() && token.empty(); }
};

/// The user name beside which docker and its credential helpers keep an identity token.
inline constexpr std::string_view kTokenUser = "<token>";

/// The value of Authorization (RFC 7617): the name with its password or token; a token without a name is "<token>"'s, as docker has it.
Secret basic_header(const Login& login);
/// The login's secrets in all forms in which they are sent: as they are, form-encoded, and within the Basic header.
void append_secrets(const Login& login, std::vector<Secret>& secrets);

/// Gives the login of an endpoint. A login that a cloud hands out is kept until shortly before its end, one request serves all that
/// wait for it, and an old one that is still good is used when the cloud cannot be asked. Used from the io thread.
class LoginSource {
 public:
  virtual ~LoginSource() = default;
  /// With `renew`, the login given last was refused by the registry. Errors: unauthorized, forbidden with the cloud's words; unavailable.
  virtual Awaitable<Login> get(bool renew) = 0;
  /// All secrets it knows, so that they can be kept out of texts.
  virtual void append_secrets(std::vector<Secret>& secrets) const = 0;
};

/// By the kind of the endpoint's credentials. Cloud keys are offered only to hosts that are that cloud's by their whole name, and
/// only over TLS; for another host get() gives invalid_argument.
std::shared_ptr<LoginSource> make_login_source(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
