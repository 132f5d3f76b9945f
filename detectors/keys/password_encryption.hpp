// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// RFC 8018 and RFC 7914.
inline constexpr std::string_view kPbes2 = "1.2.840.113549.1.5.13";
inline constexpr std::string_view kPbkdf2 = "1.2.840.113549.1.5.12";
inline constexpr std::string_view kScrypt = "1.3.6.1.4.1.11591.4.11";

/// How a password protects something, according to its AlgorithmIdentifier: an object with `scheme`, `cipher` and, if given, `kdf`,
/// `prf`, `iterations`, `scrypt_n`, `scrypt_r`, `scrypt_p`; OpenSSL's names, or a numeric OID. Null if `algorithm` is not an
/// AlgorithmIdentifier. Nothing is derived or decrypted, so its numbers cause no cost.
nlohmann::json describe_password_encryption(ByteView algorithm);

/// Whether this is a scheme for private keys: PBES2, PBES1 (RFC 8018), PKCS #12's (RFC 7292, appendix C), Java's two?
bool is_password_encryption(ByteView algorithm_oid);

/// "weak-cipher" (DES, RC2, RC4), "few-iterations" (below 1,000, RFC 8018's own minimum) as far as they apply.
std::vector<std::string> encryption_weaknesses(const nlohmann::json& encryption);

}  // namespace landwaiter::detectors
