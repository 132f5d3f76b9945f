// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace landwaiter::platform {

/// Encrypts the database's secrets: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a random nonce before each ciphertext. `context`
/// names the row ("registry:<id>") and is authenticated, so a ciphertext copied to another row cannot be decrypted. Thread-safe.
class Vault {
 public:
  /// Reads the 32-byte master key, or creates it (mode 0600) if the file does not exist. A key file that others can read is rejected.
  static Result<Vault> open(const std::filesystem::path& key_file);

  Bytes encrypt(const Secret& plain, std::string_view context) const;
  /// Fails with io if the key, the context or the bytes do not match encrypt().
  Result<Secret> decrypt(ByteView encrypted, std::string_view context) const;

 private:
  explicit Vault(Secret key) : key_(std::move(key)) {}
  Secret key_;
};

inline constexpr std::size_t kSealKeyBytes = 32;

/// libsodium's crypto_box_seal to an X25519 public key of kSealKeyBytes bytes: only the holder of the secret key can open it.
Result<Bytes> seal_to(ByteView public_key, const Secret& plain);

}  // namespace landwaiter::platform
