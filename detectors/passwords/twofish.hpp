// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace landwaiter::detectors {

/// Twofish (Schneier and others, 1998) with a key of 256 bits, only for decryption: OpenSSL does not have it, and Bouncy Castle's UBER
/// keystores use it. It never processes our own secrets, so timing leaks of its tables are acceptable.
class Twofish {
 public:
  static constexpr std::size_t kKeyBytes = 32, kBlockBytes = 16;

  /// `key` has kKeyBytes.
  explicit Twofish(ByteView key);
  ~Twofish();
  Twofish(const Twofish&) = delete;
  Twofish& operator=(const Twofish&) = delete;

  /// Whole blocks in CBC mode with PKCS #7 padding; nothing if the padding is wrong.
  std::optional<WipedBytes> decrypt_cbc(ByteView iv, ByteView ciphertext) const;

 private:
  void decrypt_block(const std::uint8_t* in, std::uint8_t* out) const;
  std::uint32_t g(std::uint32_t x) const;

  std::array<std::uint32_t, 40> round_keys_{};
  std::array<std::array<std::uint32_t, 256>, 4> boxes_{};  ///< the S-boxes of this key, with the MDS matrix applied
};

}  // namespace landwaiter::detectors
