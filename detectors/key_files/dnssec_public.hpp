// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/keys/public_key.hpp"

#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// IANA's registry "DNS Security Algorithm Numbers", and BIND's own numbers for HMAC.
struct DnssecAlgorithm {
  enum class Kind { rsa, dsa, ecdsa, eddsa, hmac };
  unsigned number;
  std::string_view name;
  Kind kind;
  std::string_view weakness;  ///< a code, or empty
};

/// Nothing for unsupported numbers.
const DnssecAlgorithm* dnssec_algorithm(unsigned number);

/// The Public Key field of a DNSKEY record (RFC 3110, 2536, 6605, 8080).
std::optional<PublicKey> read_dnskey(const DnssecAlgorithm& algorithm, ByteView field);

/// OpenSSL's number of an ECDSA algorithm's curve; 0 for others.
int dnssec_curve(unsigned algorithm);

/// The OID of an EdDSA algorithm's key.
ByteView dnssec_edwards_oid(unsigned algorithm);

}  // namespace landwaiter::detectors
