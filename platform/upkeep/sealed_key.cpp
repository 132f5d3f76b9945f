// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/sealed_key.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace landwaiter::platform {
namespace {

constexpr std::string_view kMagic = "landwaiter key 1\n";
constexpr std::size_t kSaltBytes = crypto_pwhash_argon2id_SALTBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kCostBytes = 8;
/// Magic, operations, memory, salt, nonce: all of it is authenticated.
constexpr std::size_t kHeadBytes = kMagic.size() + 2 * kCostBytes + kSaltBytes + kNonceBytes;
/// A file from elsewhere must not make us work for hours, or take all memory.
constexpr std::uint64_t kOperationsMax = 16;
constexpr std::uint64_t kMemoryBytesMax = 1U << 30U;

using DerivedKey = std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_KEYBYTES>;

void append(Bytes& out, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint64_t number_at(ByteView bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = kCostBytes; i-- > 0;) number = number << 8U | bytes[at + i];
  return number;
}

bool derive(const Secret& passphrase, PassphraseCost cost, const std::uint8_t* salt, DerivedKey& out) {
  const std::string& text = passphrase.reveal();
  return crypto_pwhash_argon2id(out.data(), out.size(), text.data(), text.size(), salt, cost.operations,
                                static_cast<std::size_t>(cost.memory_bytes), crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

Error no_memory() { return {ErrorCode::internal, "the passphrase cannot be used: there is not enough memory"}; }

}  // namespace

Result<Bytes> seal_key(const Secret& key, const Secret& passphrase, PassphraseCost cost) {
  const ByteView magic = as_bytes(kMagic);
  Bytes out(magic.begin(), magic.end());
  append(out, cost.operations);
  append(out, cost.memory_bytes);
  const std::size_t salt = out.size();
  out.resize(kHeadBytes);
  randombytes_buf(out.data() + salt, kSaltBytes + kNonceBytes);
  DerivedKey derived{};
  if (!derive(passphrase, cost, out.data() + salt, derived)) return no_memory();
  const ByteView plain = as_bytes(key.reveal());
  const Bytes head = out;
  out.resize(kHeadBytes + plain.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kHeadBytes, nullptr, plain.data(), plain.size(), head.data(), head.size(),
                                             nullptr, head.data() + salt + kSaltBytes, derived.data());
  sodium_memzero(derived.data(), derived.size());
  return out;
}

Result<Secret> open_sealed_key(ByteView sealed, const Secret& passphrase) {
  if (sealed.size() < kHeadBytes + kTagBytes || !as_text(sealed).starts_with(kMagic)) {
    return Error(ErrorCode::malformed, "is not a sealed master key");
  }
  const PassphraseCost cost{number_at(sealed, kMagic.size()), number_at(sealed, kMagic.size() + kCostBytes)};
  if (cost.operations > kOperationsMax || cost.memory_bytes > kMemoryBytesMax) {
    return Error(ErrorCode::limit_exceeded, "asks for more work than a sealed master key may");
  }
  const std::uint8_t* const salt = sealed.data() + kMagic.size() + 2 * kCostBytes;
  DerivedKey derived{};
  if (!derive(passphrase, cost, salt, derived)) return no_memory();
  std::string plain(sealed.size() - kHeadBytes - kTagBytes, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
                                                                sealed.data() + kHeadBytes, sealed.size() - kHeadBytes, sealed.data(),
                                                                kHeadBytes, salt + kSaltBytes, derived.data());
  sodium_memzero(derived.data(), derived.size());
  Secret key(plain);
  wipe(plain);
  if (opened != 0) return Error(ErrorCode::unauthorized, "the master key cannot be opened: another passphrase, or it is damaged");
  return key;
}

}  // namespace landwaiter::platform
