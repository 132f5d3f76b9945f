// SPDX-License-Identifier: Apache-2.0
#include "registry/login.hpp"

#include "registry/client.hpp"

namespace landwaiter::registry {
namespace {

/// A login that its owner keeps for good.
class FixedLogin final : public LoginSource {
 public:
  explicit FixedLogin(Login login) : login_(std::move(login)) {}

  Awaitable<Login> get(bool) override { co_return login_; }

  void append_secrets(std::vector<Secret>& secrets) const override {
    for (const Secret& secret : {login_.password, login_.token}) {
      if (!secret.empty()) secrets.push_back(secret);
    }
  }

 private:
  Login login_;
};

}  // namespace

std::shared_ptr<LoginSource> make_login_source(std::shared_ptr<Transport>, const Endpoint& endpoint, const Clock&) {
  const Credentials& credentials = endpoint.credentials;
  Login login;
  login.username = credentials.username;
  login.password = credentials.password;
  login.token = credentials.token;
  return std::make_shared<FixedLogin>(std::move(login));
}

}  // namespace landwaiter::registry
