// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/bech32.hpp"

#include "core/base/secret.hpp"
#include "core/base/text.hpp"

#include <array>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumSize = 6;

std::uint32_t step(std::uint32_t checksum, std::uint8_t value) {
  constexpr std::array<std::uint32_t, 5> kGenerator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  const std::uint32_t top = checksum >> 25;
  checksum = (checksum & 0x1ffffff) << 5 ^ value;
  for (std::size_t i = 0; i < kGenerator.size(); ++i) {
    if ((top >> i & 1) != 0) checksum ^= kGenerator[i];
  }
  return checksum;
}

/// The values of the characters after the separator; nothing if one is not in the alphabet.
std::optional<Bytes> values_of(std::string_view data) {
  Bytes out;
  out.reserve(data.size());
  for (const char c : data) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(value));
  }
  return out;
}

bool checksum_agrees(std::string_view prefix, ByteView values) {
  std::uint32_t checksum = 1;
  for (const char c : prefix) checksum = step(checksum, static_cast<std::uint8_t>(static_cast<unsigned char>(c) >> 5));
  checksum = step(checksum, 0);
  for (const char c : prefix) checksum = step(checksum, static_cast<std::uint8_t>(c) & 31);
  for (const std::uint8_t value : values) checksum = step(checksum, value);
  return checksum == 1;
}

/// Groups of five bits to bytes; what is left must be less than a group, and zero.
std::optional<Bytes> to_bytes(ByteView values) {
  Bytes out;
  out.reserve(values.size() * 5 / 8);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t value : values) {
    bits = (bits << 5 | value) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  if (count >= 5 || (bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Bech32> bech32_decode(std::string_view text) {
  std::string lower = to_lower(text);
  bool has_upper = false, has_lower = false;
  for (const char c : text) {
    has_upper = has_upper || (c >= 'A' && c <= 'Z');
    has_lower = has_lower || (c >= 'a' && c <= 'z');
  }
  const std::size_t separator = lower.rfind('1');
  std::optional<Bech32> out;
  if (!(has_upper && has_lower) && separator != std::string::npos && separator > 0 && lower.size() - separator - 1 >= kChecksumSize) {
    const std::string_view prefix = std::string_view(lower).substr(0, separator);
    auto values = values_of(std::string_view(lower).substr(separator + 1));
    if (values && checksum_agrees(prefix, *values)) {
      if (auto bytes = to_bytes(ByteView(*values).first(values->size() - kChecksumSize)))
        out = Bech32{std::string(prefix), *std::move(bytes)};
    }
    if (values) wipe(*values);
  }
  wipe(lower);
  return out;
}

}  // namespace landwaiter::detectors
