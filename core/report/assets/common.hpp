// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/finding.hpp"

#include <optional>
#include <string>
#include <vector>

namespace landwaiter::assets {

/// How an asset is written down.
struct Form {
  std::string encoding;  ///< "PEM", "DER", "JSON", "binary"
  std::string format;    ///< "PKCS#8", "JWK", "JKS"; empty when the type says it all
};
Form form_of(const Finding& finding);

/// How long an asset is good, as far as it says: certificates have the first two, tokens the others, OpenPGP keys the last. RFC 3339.
struct Lifetime {
  std::string not_before;
  std::string not_after;
  std::string issued_at;
  std::string expires;

  std::optional<SystemTime> begin() const { return from_rfc3339(not_before); }
  std::optional<SystemTime> end() const;
};
Lifetime lifetime_of(const Finding& finding);

/// The codes that the detector gave; see core/assess/weaknesses.hpp.
std::vector<std::string> weaknesses_of(const Finding& finding);

/// Who published the key or token as an example; empty for all others.
std::string publisher_of(const Finding& finding);

/// The kind of password that opens it: "none", "empty", "well-known"; empty when that is not known.
std::string opening_password_of(const Finding& finding);

}  // namespace landwaiter::assets
