// SPDX-License-Identifier: Apache-2.0
#include "platform/store/ids.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace landwaiter::platform {

Bytes random_bytes(std::size_t count) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialized");
  Bytes bytes(count);
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string new_id(SystemTime now) {
  Bytes id = random_bytes(16);
  const auto milliseconds = static_cast<std::uint64_t>(to_unix_us(now) / 1000);
  for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (5 - i)));
  id[6] = static_cast<std::uint8_t>(0x70U | (id[6] & 0x0fU));
  id[8] = static_cast<std::uint8_t>(0x80U | (id[8] & 0x3fU));
  std::string text = hex_encode(id);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

Secret new_token(std::string_view prefix) {
  Bytes random = random_bytes(32);
  std::string text = std::string(prefix) + base64url_encode(random);
  sodium_memzero(random.data(), random.size());
  return Secret(std::move(text));
}

Bytes token_hash(std::string_view token) {
  Hasher hasher(Digest::Algorithm::sha256);
  hasher.update(as_bytes(token));
  return *hex_decode(hasher.finish().hex());
}

bool same_hash(ByteView a, ByteView b) { return !a.empty() && a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace landwaiter::platform
