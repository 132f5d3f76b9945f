// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// The signature facts in an AlgorithmIdentifier.
struct SignatureAlgorithm {
  std::string name;  ///< from oid_name(); empty if there is none
  std::string hash;  ///< "SHA256"; empty if the algorithm has no separate hash (Ed25519, plain rsaEncryption) or is unknown
};

/// `algorithm_fields` is the content of an AlgorithmIdentifier. For RSASSA-PSS (RFC 4055, 3.1) the hash is in its parameters.
SignatureAlgorithm read_signature_algorithm(ByteView algorithm_fields);

/// OpenSSL's short name of a digest ("SHA256"), or the OID; `algorithm_fields` is the content of an AlgorithmIdentifier.
std::string digest_name(ByteView algorithm_fields);

/// "md5-signature", "sha1-signature" and so on for a hash with known collisions, otherwise empty.
std::string signature_weakness(std::string_view hash);

}  // namespace landwaiter::detectors
