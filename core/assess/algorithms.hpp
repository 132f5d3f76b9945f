// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter {

/// General facts about an algorithm, in the terms of CycloneDX's cryptography model.
struct Algorithm {
  std::string name;           ///< "RSA-2048", "SHA256withRSA", "EC-prime256v1": the same for the same algorithm
  std::string primitive;      ///< "pke", "signature", "key-agree", "hash", "other", "unknown"
  std::string family;         ///< name in CycloneDX's registry ("RSASSA-PKCS1"); empty if it has none
  std::string parameter_set;  ///< "2048"; empty when there is none
  std::string curve;          ///< OpenSSL's name, as found
  std::string curve_id;       ///< name in CycloneDX's registry ("nist/P-256"); empty if it has none
  std::string oid;
  std::optional<unsigned> classical_bits;  ///< SP 800-57 part 1, table 2
  std::optional<unsigned> quantum_level;   ///< NIST's categories 1 to 5; 0 when a quantum computer breaks it
};

/// For a key: `type` as in the attribute key_type ("RSA", "EC", an OID), `bits` 0 if unknown, `curve` empty if there is none.
Algorithm key_algorithm(std::string_view type, std::uint64_t bits, std::string_view curve);

/// For a signature, by OpenSSL's long name ("sha256WithRSAEncryption"), its hash ("SHA256", may be empty).
Algorithm signature_algorithm(std::string_view name, std::string_view hash);

/// For a token: a name from RFC 7518 or 8037 ("RS256", "ES384", "HS256", "EdDSA", "RSA-OAEP").
Algorithm jose_algorithm(std::string_view name);

}  // namespace landwaiter
