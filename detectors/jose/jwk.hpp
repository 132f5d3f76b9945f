// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"
#include "detectors/keys/public_key.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace landwaiter::detectors {

/// A JSON Web Key (RFC 7517): RSA, EC and oct (RFC 7518, 6), OKP (RFC 8037), AKP (ML-DSA for JOSE).
struct Jwk {
  PublicKey public_key;  ///< key_type alone of symmetric keys ("oct")
  bool is_private = false;
  bool symmetric = false;
  WipedBytes secret;                ///< of a symmetric key
  bool consistent = true;           ///< false when the private numbers are not those of the public key
  std::vector<Bytes> certificates;  ///< x5c, the key's own first, in DER; not looked at
};

/// Nothing when `object` is no key of these types, or its numbers are not there: examples with "..." in their place.
std::optional<Jwk> read_jwk(const nlohmann::json& object);

}  // namespace landwaiter::detectors
