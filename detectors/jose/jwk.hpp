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
  PublicKey public_key;  ///< only key_type for symmetric keys ("oct")
  bool is_private = false;
  bool symmetric = false;
  WipedBytes secret;                ///< of a symmetric key
  bool consistent = true;           ///< false if the private numbers do not match the public key
  std::vector<Bytes> certificates;  ///< x5c, the key's own first, in DER; not parsed
};

/// Nothing if `object` is not a key of these types, or its numbers are missing, as in examples with "...".
std::optional<Jwk> read_jwk(const nlohmann::json& object);

}  // namespace landwaiter::detectors
