// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <string>
#include <vector>

namespace landwaiter::assets {

/// A JSON Web Token, signature or encrypted message.
struct Token {
  std::string format;  ///< "JWT", "JWS", "JWE"
  std::string encoding;
  std::string algorithm;  ///< a name of RFC 7518 ("RS256"); "none" when it is not signed
};

/// What a JWT says, as far as reports have it. Times in RFC 3339, empty when it does not say.
struct TokenClaims {
  std::string issuer;
  std::vector<std::string> audience;
  std::string issued_at;
  std::string not_before;
  std::string expires;
  std::string publisher;  ///< who published it as an example; empty for all others
};

void add_attributes(const Token& value, nlohmann::json& attributes);
void add_attributes(const TokenClaims& value, nlohmann::json& attributes);
Token token_of(const Finding& finding);
TokenClaims token_claims_of(const Finding& finding);

}  // namespace landwaiter::assets
