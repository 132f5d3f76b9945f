// SPDX-License-Identifier: Apache-2.0
#include "platform/store/vault.hpp"

#include "core/os/files.hpp"
#include "platform/store/ids.hpp"

#include <sodium.h>

#include <algorithm>

namespace landwaiter::platform {
namespace {

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kSealKeyBytes == crypto_box_PUBLICKEYBYTES);

Error key_error(const std::string& what) { return {ErrorCode::configuration, "master key " + what}; }

Result<void> make_key(const std::filesystem::path& file) {
  Bytes key = random_bytes(kKeyBytes);
  const auto made = create_private_file(file, as_text(key));
  sodium_memzero(key.data(), key.size());
  if (!made) return key_error(made.error().message());
  return {};
}

Result<Secret> read_key(const std::filesystem::path& file) {
  auto key = read_private_file(file, kKeyBytes);
  if (!key && key.error().code() != ErrorCode::limit_exceeded) return key_error(key.error().message());
  if (!key || key->reveal().size() != kKeyBytes) {
    return key_error(file.string() + ": must hold exactly " + std::to_string(kKeyBytes) + " bytes");
  }
  return key;
}

const unsigned char* raw(std::string_view text) { return as_bytes(text).data(); }

}  // namespace

Result<Vault> Vault::open(const std::filesystem::path& key_file) {
  std::error_code unknown;
  if (!std::filesystem::exists(key_file, unknown) && !unknown) {
    auto made = make_key(key_file);
    if (!made) return made.error();
  }
  auto key = read_key(key_file);
  if (!key) return key.error();
  return Vault(*std::move(key));
}

Bytes Vault::encrypt(const Secret& plain, std::string_view context) const {
  Bytes out = random_bytes(kNonceBytes);
  const std::string& text = plain.reveal();
  out.resize(kNonceBytes + text.size() + kTagBytes);
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kNonceBytes, &size, raw(text), text.size(), raw(context), context.size(), nullptr,
                                             out.data(), raw(key_.reveal()));
  return out;
}

Result<Secret> Vault::decrypt(ByteView encrypted, std::string_view context) const {
  const Error failed(ErrorCode::io, "stored secret " + std::string(context) + " cannot be decrypted: wrong master key, or damaged");
  if (encrypted.size() < kNonceBytes + kTagBytes) return failed;
  std::string text(encrypted.size() - kNonceBytes - kTagBytes, '\0');
  unsigned long long size = 0;
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(text.data()), &size, nullptr,
                                                                encrypted.data() + kNonceBytes, encrypted.size() - kNonceBytes,
                                                                raw(context), context.size(), encrypted.data(), raw(key_.reveal()));
  if (opened != 0) return failed;
  return Secret(std::move(text));
}

Result<Bytes> seal_to(ByteView public_key, const Secret& plain) {
  if (public_key.size() != kSealKeyBytes) return Error(ErrorCode::invalid_argument, "a public key must have 32 bytes");
  const std::string& text = plain.reveal();
  Bytes out(text.size() + crypto_box_SEALBYTES);
  if (crypto_box_seal(out.data(), raw(text), text.size(), public_key.data()) != 0) {
    return Error(ErrorCode::invalid_argument, "this public key cannot be sealed to");  // a point of small order
  }
  return out;
}

}  // namespace landwaiter::platform
