// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/login.hpp"

#include "core/base/encoding.hpp"
#include "registry/auth/aws_login.hpp"
#include "registry/auth/azure_login.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/auth/google_login.hpp"
#include "registry/http/form.hpp"

namespace landwaiter::registry {
namespace {

std::string_view user_of(const Login& login) {
  return login.username.empty() && !login.token.empty() ? kTokenUser : std::string_view(login.username);
}

Secret base64_of(std::string_view user, const Secret& password) {
  const Secret plain = concat({user, ":", password.reveal()});
  return Secret(base64_encode(as_bytes(plain.reveal())));
}

/// A login that does not expire.
class FixedLogin final : public LoginSource {
 public:
  explicit FixedLogin(Login login) : login_(std::move(login)) {}
  Awaitable<Login> get(bool) override { co_return login_; }
  void append_secrets(std::vector<Secret>& secrets) const override { registry::append_secrets(login_, secrets); }

 private:
  Login login_;
};

}  // namespace

Secret basic_header(const Login& login) {
  const Secret encoded = base64_of(user_of(login), login.token.empty() ? login.password : login.token);
  return concat({"Basic ", encoded.reveal()});
}

void append_secrets(const Login& login, std::vector<Secret>& secrets) {
  for (const Secret& secret : {login.password, login.token}) {
    if (secret.empty()) continue;
    secrets.push_back(secret);
    secrets.push_back(base64_of(user_of(login), secret));
    secrets.emplace_back(percent_encoded(secret.reveal()));
  }
}

std::shared_ptr<LoginSource> make_login_source(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock) {
  const Credentials& credentials = endpoint.credentials;
  if (credentials.kind == Credentials::Kind::aws) return make_aws_login(std::move(transport), endpoint, clock);
  if (credentials.kind == Credentials::Kind::azure) return make_azure_login(std::move(transport), endpoint, clock);
  if (credentials.kind == Credentials::Kind::google) return make_google_login(std::move(transport), endpoint, clock);
  Login login;
  login.username = credentials.username;
  login.password = credentials.password;
  login.token = credentials.token;
  return std::make_shared<FixedLogin>(std::move(login));
}

}  // namespace landwaiter::registry
