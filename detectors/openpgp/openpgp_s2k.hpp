// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace landwaiter::detectors::openpgp {

/// Whether and how a key packet contains its private half.
enum class SecretPart {
  none,  ///< a public key
  clear,
  encrypted,
  absent,   ///< GnuPG's "gnu-dummy": a placeholder for a private key that is stored elsewhere
  on_card,  ///< GnuPG's "divert-to-card"
};

/// How the private half of a key packet is protected (RFC 9580, 3.7 and 5.5.3).
struct Protection {
  SecretPart part = SecretPart::clear;
  nlohmann::json encryption;  ///< {scheme, cipher, kdf, hash, count_bytes, integrity}, null when not encrypted
};

/// Reads from the S2K usage octet to the last byte before the private numbers. False if the bytes are invalid. Nothing is derived, so the
/// count costs nothing.
[[nodiscard]] bool read_protection(ByteReader& reader, unsigned key_version, Protection& out);

/// "AES-256", "3DES", ...; "cipher 42" for those without a name here.
std::string cipher_name(unsigned algorithm);
/// "SHA-256", ...; "hash 42" for those without a name here.
std::string hash_name(unsigned algorithm);

/// Stable weakness codes: "3des", "few-iterations" (fewer than 1,000 times salt and passphrase, or once), "no-integrity" (a sum of 16
/// bits), "md5" (a passphrase hashed by it).
std::vector<std::string> protection_weaknesses(const nlohmann::json& encryption);

}  // namespace landwaiter::detectors::openpgp
