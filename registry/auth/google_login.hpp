// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/login.hpp"

#include <string>
#include <string_view>

namespace landwaiter::registry {

/// "gcr.io" and a label below it, or "<location>-docker.pkg.dev", the whole host.
bool is_google_host(std::string_view host);

/// The used parts of a service account's key file.
struct GoogleKey {
  std::string client_email;
  std::string private_key_id;
  Secret private_key;  ///< PEM
};
/// Errors (malformed; invalid_argument if the file's token host is not Google's) repeat none of its values except that host.
Result<GoogleKey> parse_google_key(const Secret& text);
/// The JSON Web Token (RFC 7523, RS256) with which the account requests an access token. Error: malformed if the key is not valid.
Result<Secret> sign_google_assertion(const GoogleKey& key, SystemTime now);

/// Logins of a service account: an access token, as the password of "oauth2accesstoken".
std::shared_ptr<LoginSource> make_google_login(std::shared_ptr<Transport> transport, const Endpoint& endpoint, const Clock& clock);

}  // namespace landwaiter::registry
