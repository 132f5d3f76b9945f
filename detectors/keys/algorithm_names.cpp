// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/algorithm_names.hpp"

#include "detectors/formats/der.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace landwaiter::detectors {
namespace {

struct NamedOid {
  std::string_view oid;
  std::string_view name;
};

constexpr std::array kNames{
    // NIST: 2.16.840.1.101.3.4.3 (signatures) and .4 (key encapsulation).
    NamedOid{"2.16.840.1.101.3.4.4.1", "ML-KEM-512"},
    NamedOid{"2.16.840.1.101.3.4.4.2", "ML-KEM-768"},
    NamedOid{"2.16.840.1.101.3.4.4.3", "ML-KEM-1024"},
    NamedOid{"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
    NamedOid{"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
    NamedOid{"2.16.840.1.101.3.4.3.19", "ML-DSA-87"},
    NamedOid{"2.16.840.1.101.3.4.3.20", "SLH-DSA-SHA2-128s"},
    NamedOid{"2.16.840.1.101.3.4.3.21", "SLH-DSA-SHA2-128f"},
    NamedOid{"2.16.840.1.101.3.4.3.22", "SLH-DSA-SHA2-192s"},
    NamedOid{"2.16.840.1.101.3.4.3.23", "SLH-DSA-SHA2-192f"},
    NamedOid{"2.16.840.1.101.3.4.3.24", "SLH-DSA-SHA2-256s"},
    NamedOid{"2.16.840.1.101.3.4.3.25", "SLH-DSA-SHA2-256f"},
    NamedOid{"2.16.840.1.101.3.4.3.26", "SLH-DSA-SHAKE-128s"},
    NamedOid{"2.16.840.1.101.3.4.3.27", "SLH-DSA-SHAKE-128f"},
    NamedOid{"2.16.840.1.101.3.4.3.28", "SLH-DSA-SHAKE-192s"},
    NamedOid{"2.16.840.1.101.3.4.3.29", "SLH-DSA-SHAKE-192f"},
    NamedOid{"2.16.840.1.101.3.4.3.30", "SLH-DSA-SHAKE-256s"},
    NamedOid{"2.16.840.1.101.3.4.3.31", "SLH-DSA-SHAKE-256f"},
    // The same with a hash of the message, for signatures.
    NamedOid{"2.16.840.1.101.3.4.3.32", "HashML-DSA-44 with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.33", "HashML-DSA-65 with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.34", "HashML-DSA-87 with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.35", "HashSLH-DSA-SHA2-128s with SHA256"},
    NamedOid{"2.16.840.1.101.3.4.3.36", "HashSLH-DSA-SHA2-128f with SHA256"},
    NamedOid{"2.16.840.1.101.3.4.3.37", "HashSLH-DSA-SHA2-192s with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.38", "HashSLH-DSA-SHA2-192f with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.39", "HashSLH-DSA-SHA2-256s with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.40", "HashSLH-DSA-SHA2-256f with SHA512"},
    NamedOid{"2.16.840.1.101.3.4.3.41", "HashSLH-DSA-SHAKE-128s with SHAKE128"},
    NamedOid{"2.16.840.1.101.3.4.3.42", "HashSLH-DSA-SHAKE-128f with SHAKE128"},
    NamedOid{"2.16.840.1.101.3.4.3.43", "HashSLH-DSA-SHAKE-192s with SHAKE256"},
    NamedOid{"2.16.840.1.101.3.4.3.44", "HashSLH-DSA-SHAKE-192f with SHAKE256"},
    NamedOid{"2.16.840.1.101.3.4.3.45", "HashSLH-DSA-SHAKE-256s with SHAKE256"},
    NamedOid{"2.16.840.1.101.3.4.3.46", "HashSLH-DSA-SHAKE-256f with SHAKE256"},
    // RFC 9802, and the numbers of the drafts before it.
    NamedOid{"1.2.840.113549.1.9.16.3.17", "HSS-LMS"},
    NamedOid{"1.3.6.1.5.5.7.6.34", "XMSS"},
    NamedOid{"1.3.6.1.5.5.7.6.35", "XMSS-MT"},
    NamedOid{"0.4.0.127.0.15.1.1.13.0", "XMSS"},
    NamedOid{"0.4.0.127.0.15.1.1.14.0", "XMSS-MT"},
    // Not standardized yet, or from before the standard.
    NamedOid{"1.3.9999.3.6", "Falcon-512"},
    NamedOid{"1.3.9999.3.9", "Falcon-1024"},
    NamedOid{"1.3.9999.3.11", "Falcon-512"},
    NamedOid{"1.3.9999.3.14", "Falcon-1024"},
    NamedOid{"1.3.9999.3.16", "Falcon-padded-512"},
    NamedOid{"1.3.9999.3.19", "Falcon-padded-1024"},
    NamedOid{"1.3.6.1.4.1.2.267.7.4.4", "Dilithium2"},
    NamedOid{"1.3.6.1.4.1.2.267.7.6.5", "Dilithium3"},
    NamedOid{"1.3.6.1.4.1.2.267.7.8.7", "Dilithium5"},
    NamedOid{"1.3.6.1.4.1.2.267.12.4.4", "Dilithium2"},
    NamedOid{"1.3.6.1.4.1.2.267.12.6.5", "Dilithium3"},
    NamedOid{"1.3.6.1.4.1.2.267.12.8.7", "Dilithium5"},
    // Composite ML-DSA (LAMPS): both signatures must hold.
    NamedOid{"1.3.6.1.5.5.7.6.37", "MLDSA44-RSA2048-PSS-SHA256"},
    NamedOid{"1.3.6.1.5.5.7.6.38", "MLDSA44-RSA2048-PKCS15-SHA256"},
    NamedOid{"1.3.6.1.5.5.7.6.39", "MLDSA44-Ed25519-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.40", "MLDSA44-ECDSA-P256-SHA256"},
    NamedOid{"1.3.6.1.5.5.7.6.41", "MLDSA65-RSA3072-PSS-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.42", "MLDSA65-RSA3072-PKCS15-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.43", "MLDSA65-RSA4096-PSS-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.44", "MLDSA65-RSA4096-PKCS15-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.45", "MLDSA65-ECDSA-P256-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.46", "MLDSA65-ECDSA-P384-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.47", "MLDSA65-ECDSA-brainpoolP256r1-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.48", "MLDSA65-Ed25519-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.49", "MLDSA87-ECDSA-P384-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.50", "MLDSA87-ECDSA-brainpoolP384r1-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.51", "MLDSA87-Ed448-SHAKE256"},
    NamedOid{"1.3.6.1.5.5.7.6.52", "MLDSA87-RSA3072-PSS-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.53", "MLDSA87-RSA4096-PSS-SHA512"},
    NamedOid{"1.3.6.1.5.5.7.6.54", "MLDSA87-ECDSA-P521-SHA512"},
    // Composite ML-KEM (LAMPS).
    NamedOid{"1.3.6.1.5.5.7.6.55", "MLKEM768-RSA2048-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.56", "MLKEM768-RSA3072-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.57", "MLKEM768-RSA4096-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.58", "MLKEM768-X25519-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.59", "MLKEM768-ECDH-P256-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.60", "MLKEM768-ECDH-P384-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.61", "MLKEM768-ECDH-brainpoolP256r1-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.62", "MLKEM1024-RSA3072-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.63", "MLKEM1024-ECDH-P384-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.64", "MLKEM1024-ECDH-brainpoolP384r1-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.65", "MLKEM1024-X448-SHA3-256"},
    NamedOid{"1.3.6.1.5.5.7.6.66", "MLKEM1024-ECDH-P521-SHA3-256"},
    // RFC 4491, RFC 9215.
    NamedOid{"1.2.643.2.2.19", "GOST R 34.10-2001"},
    NamedOid{"1.2.643.7.1.1.1.1", "GOST R 34.10-2012-256"},
    NamedOid{"1.2.643.7.1.1.1.2", "GOST R 34.10-2012-512"},
};

}  // namespace

std::string_view algorithm_name(ByteView oid_content) {
  const std::string oid = der::oid_text(oid_content);
  const auto found = std::ranges::find(kNames, std::string_view(oid), &NamedOid::oid);
  return found == kNames.end() ? std::string_view() : found->name;
}

}  // namespace landwaiter::detectors
