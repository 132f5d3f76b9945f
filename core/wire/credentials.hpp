// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

#include <string>
#include <string_view>

namespace landwaiter {

/// Credentials for a registry. A registry's own login is a name with a password, or a token; clouds issue such a login for a limited time
/// in exchange for a cloud key (registry/auth/login.hpp). Only the fields of the kind are used.
struct Credentials {
  enum class Kind {
    anonymous,
    basic,   ///< username, password (also for Docker Hub accounts and robot accounts)
    token,   ///< token, perhaps with a username
    aws,     ///< ECR and ECR Public
    azure,   ///< ACR by a service principal
    google,  ///< GCR and Artifact Registry by a service account's key
  };
  Kind kind = Kind::anonymous;

  std::string username;
  Secret password;
  /// With a Basic challenge it is the password of `username` (or of "<token>"). With a Bearer challenge it is first sent as it is;
  /// when that is refused, it is exchanged at the realm: as refresh token, then as Basic password.
  Secret token;

  std::string aws_access_key_id;
  Secret aws_secret_access_key;
  Secret aws_session_token;  ///< for keys that are themselves temporary
  std::string aws_role_arn;  ///< a role to assume with that key first
  std::string aws_external_id;
  std::string aws_region;  ///< empty: the one in the registry's host name

  std::string azure_tenant_id;
  std::string azure_client_id;
  Secret azure_client_secret;

  Secret google_key_json;  ///< the service account's key file; in our JSON it may be a string or an object

  bool anonymous() const { return kind == Kind::anonymous; }

  static Credentials basic(std::string username, Secret password);
  /// A token takes precedence over a password. All empty: anonymous.
  static Credentials from_login(std::string username, Secret password, Secret token);
};

/// "anonymous", "basic", "token", "aws", "azure", "google".
std::string_view to_string(Credentials::Kind kind);

/// The JSON text in which credentials are stored encrypted, sealed for a sensor, and given in a file: {"kind":"aws",
/// "aws_access_key_id":...}. Only the fields of the kind are written. Never logged.
Secret serialize(const Credentials& credentials);
/// Without a kind: what from_login() makes of username, password and token; a Google service account's key file as downloaded is of kind
/// google. Errors (malformed, invalid_argument if a field that the kind needs is missing or one is unknown) never repeat a value.
Result<Credentials> parse_credentials(const Secret& text);

}  // namespace landwaiter
