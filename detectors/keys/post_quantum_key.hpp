// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// What the octets of a post-quantum private key say.
struct PostQuantumKey {
  Bytes public_bits;         ///< of the SubjectPublicKeyInfo; empty if it cannot be derived
  bool consistent = false;   ///< what can be checked is right
  bool looks_random = true;  ///< false if what cannot be checked is no random number
};

/// Reads the OCTET STRING of a PKCS #8 key of ML-DSA (RFC 9881), ML-KEM (RFC 9935) or SLH-DSA (RFC 9909), of a composite of ML-DSA or
/// ML-KEM with another (the drafts of LAMPS), and the forms that programs wrote before those. `name` is that of algorithm_names.hpp;
/// nothing for others.
std::optional<PostQuantumKey> read_post_quantum_key(std::string_view name, ByteView octets);

/// "ML-DSA-44" of "MLDSA44-RSA2048-PSS-SHA256".
std::string first_of_composite(std::string_view name);

}  // namespace landwaiter::detectors
