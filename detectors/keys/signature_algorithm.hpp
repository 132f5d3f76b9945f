// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// What an AlgorithmIdentifier says of a signature.
struct SignatureAlgorithm {
  std::string name;  ///< as oid_name() has it; empty when there is none
  std::string hash;  ///< "SHA256"; empty when the algorithm has no hash of its own (Ed25519, plain rsaEncryption) or is not known
};

/// `algorithm_fields` is the content of an AlgorithmIdentifier. For RSASSA-PSS (RFC 4055, 3.1) the hash stands in its parameters.
SignatureAlgorithm read_signature_algorithm(ByteView algorithm_fields);

/// OpenSSL's short name of a digest ("SHA256"), or the OID; `algorithm_fields` is the content of an AlgorithmIdentifier.
std::string digest_name(ByteView algorithm_fields);

/// "md5-signature", "sha1-signature" and their kin for a hash for which collisions are made; else empty.
std::string signature_weakness(std::string_view hash);

}  // namespace landwaiter::detectors
