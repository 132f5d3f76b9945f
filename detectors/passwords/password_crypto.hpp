// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"
#include "detectors/passwords/passwords.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace landwaiter::detectors {

/// Keys from passwords, and what they decrypt. Each result is wiped when destroyed. Counts come from files: callers pay for them through
/// Lock::rounds first, and counts above 2^31 are rejected.

/// RFC 7292, B.2; `purpose` is 1 for a key, 2 for an IV, 3 for a MAC. `hash` is OpenSSL's name. Nothing if OpenSSL does not know the
/// hash.
std::optional<WipedBytes> pkcs12_key(const std::string& hash, ByteView password, ByteView salt, std::uint64_t iterations, int purpose,
                                     std::size_t size);
/// RFC 8018, 5.2, with HMAC over `hash`.
std::optional<WipedBytes> pbkdf2(const std::string& hash, ByteView password, ByteView salt, std::uint64_t iterations, std::size_t size);
/// RFC 7914, within 32 MiB of memory.
std::optional<WipedBytes> scrypt(ByteView password, ByteView salt, std::uint64_t n, std::uint64_t r, std::uint64_t p, std::size_t size);
/// Empty if the hash is unknown.
Bytes hmac(const std::string& hash, ByteView key, ByteView data);
inline constexpr std::size_t kSha1Bytes = 20;
Bytes sha1(std::initializer_list<ByteView> parts);
/// In constant time.
/// The cost of one attempt in rounds, for a key of `size` bytes; 0 for an unknown hash.
std::uint64_t pbkdf2_rounds(const std::string& hash, std::uint64_t iterations, std::size_t size);

bool same_digest(ByteView a, ByteView b);

/// With padding; nothing if it is wrong or OpenSSL lacks the cipher.
std::optional<WipedBytes> decrypt_cbc(const char* cipher, ByteView key, ByteView iv, ByteView ciphertext);
/// AES in CCM: the tag follows the ciphertext.
std::optional<WipedBytes> decrypt_ccm(ByteView key, ByteView nonce, std::size_t tag_bytes, ByteView ciphertext);
/// AES key wrap with padding (RFC 5649).
std::optional<WipedBytes> unwrap_padded(ByteView key, ByteView ciphertext);

/// The lock around `ciphertext`, according to the AlgorithmIdentifier `algorithm`: PBES1, PBES2, PKCS #12's, and the two of Java's
/// keystores. It opens if the plaintext is one well-formed element in DER or BER. No lock for an unknown or unavailable algorithm: RC2,
/// RC4 and DES need OpenSSL's legacy provider.
Lock encryption_lock(ByteView algorithm, ByteView ciphertext);
/// The same for an EncryptedPrivateKeyInfo (RFC 5208, 6) that fills `der`; the plaintext is a PrivateKeyInfo.
Lock encrypted_key_lock(ByteView der);

}  // namespace landwaiter::detectors
