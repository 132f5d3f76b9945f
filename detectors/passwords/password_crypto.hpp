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

/// What an attempt costs in rounds (Lock), for a key of `size` bytes; 0 for an unknown hash. Measured with OpenSSL 3.0, in nanoseconds for
/// each iteration and part of the key that one hash fills, beside what is counted:
///
///   hash                  PKCS #12       PBKDF2
///   SHA-1, SHA-256        70     100     180 to 200   300
///   MD5, SHA-512          220    200     270 to 390   400
///   SHA-3, RIPEMD, SM3    310    400     490 to 680   800
std::uint64_t pkcs12_rounds(const std::string& hash, std::uint64_t iterations, std::size_t size);
std::uint64_t pbkdf2_rounds(const std::string& hash, std::uint64_t iterations, std::size_t size);
/// Of hashing so many bytes at once: up to 3 ns each.
constexpr std::uint64_t hashing_rounds(std::uint64_t bytes) { return bytes / 32; }
/// Of decrypting them: 27 ns each with triple DES, 10 with other ciphers of its time and with Twofish, 1 with AES.
constexpr std::uint64_t triple_des_rounds(std::uint64_t bytes) { return bytes / 3; }
constexpr std::uint64_t old_cipher_rounds(std::uint64_t bytes) { return bytes / 10; }
constexpr std::uint64_t aes_rounds(std::uint64_t bytes) { return bytes / 64; }
/// Of unwrapping them, which takes six passes of single blocks.
constexpr std::uint64_t unwrapping_rounds(std::uint64_t bytes) { return bytes + bytes / 8; }

/// In constant time.
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
