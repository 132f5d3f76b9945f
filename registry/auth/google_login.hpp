// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/login.hpp"

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// "gcr.io" and a label below it, or "<location>-docker.pkg.dev", the whole host.
bool is_google_host(std::string_view host);

/// What of a service account's key file is used.
struct GoogleKey {
  std::string client_email;
  std::string private_key_id;
  Secret private_key;  ///< PEM
};
/// Errors (malformed; invalid_argument when the file wants tokens from a host that is not Google's) repeat no value of it but that host.
Result<GoogleKey> parse_google_key(const Secret& text);
/// The JSON Web Token (RFC 7523, RS256) by which the account asks for an access token. Error: malformed when the key is none.
Result<Secret> sign_google_assertion(const GoogleKey& key, SystemTime now);

/// Logins of a service account: an access token, as the password of "oauth2accesstoken".
std::shared_ptr<LoginSource> make_google_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
