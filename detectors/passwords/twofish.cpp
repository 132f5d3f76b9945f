// SPDX-License-Identifier: Apache-2.0
#include "detectors/passwords/twofish.hpp"

#include <nettle/cbc.h>
#include <nettle/twofish.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace landwaiter::detectors {
namespace {

static_assert(kTwofishKeyBytes == TWOFISH256_KEY_SIZE && kTwofishBlockBytes == TWOFISH_BLOCK_SIZE);

/// The tables of one key.
struct Tables {
  explicit Tables(ByteView key) { nettle_twofish256_set_key(&context, key.data()); }
  ~Tables() { OPENSSL_cleanse(&context, sizeof context); }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  twofish_ctx context{};
};

void decrypt_blocks(const void* context, std::size_t length, std::uint8_t* to, const std::uint8_t* from) {
  nettle_twofish_decrypt(static_cast<const twofish_ctx*>(context), length, to, from);
}

}  // namespace

std::optional<WipedBytes> decrypt_twofish_cbc(ByteView key, ByteView iv, ByteView ciphertext) {
  if (key.size() != kTwofishKeyBytes || iv.size() != kTwofishBlockBytes) return std::nullopt;
  if (ciphertext.empty() || ciphertext.size() % kTwofishBlockBytes != 0) return std::nullopt;
  const Tables tables(key);
  std::array<std::uint8_t, kTwofishBlockBytes> chain{};
  std::ranges::copy(iv, chain.begin());
  Bytes plain(ciphertext.size());
  nettle_cbc_decrypt(&tables.context, decrypt_blocks, kTwofishBlockBytes, chain.data(), plain.size(), plain.data(), ciphertext.data());
  const std::size_t padding = plain.back();
  const bool padded = padding > 0 && padding <= kTwofishBlockBytes &&
                      std::ranges::all_of(ByteView(plain).last(padding), [&](std::uint8_t b) { return b == padding; });
  const WipedBytes whole(std::move(plain));
  if (!padded) return std::nullopt;
  return WipedBytes(Bytes(whole.view().begin(), whole.view().end() - static_cast<std::ptrdiff_t>(padding)));
}

}  // namespace landwaiter::detectors
