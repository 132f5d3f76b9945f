// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"

#include "core/base/work_meter.hpp"

#include <algorithm>
#include <array>

namespace landwaiter {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kInvalid = 0xff;
constexpr std::uint8_t kSpace = 0xfe;

/// For charge_work(): encoded texts come from outside, and may be shown to many readers.
constexpr std::uint64_t kUnitsPerCharacter = 2;

using DecodeTable = std::array<std::uint8_t, 256>;

constexpr DecodeTable make_table(std::string_view alphabet, bool skip_space) {
  DecodeTable table{};
  for (auto& value : table) value = kInvalid;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  if (skip_space) {
    for (const char space : {' ', '\t', '\r', '\n', '\v', '\f'}) table[static_cast<std::uint8_t>(space)] = kSpace;
  }
  return table;
}

constexpr DecodeTable kBase64Table = make_table(kBase64, true);
constexpr DecodeTable kBase64UrlTable = make_table(kBase64Url, false);

std::string encode(ByteView bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) {
      if (j <= count) out += alphabet[group >> (18 - 6 * j) & 63];
      else if (pad) out += '=';
    }
  }
  return out;
}

std::optional<Bytes> decode(std::string_view text, const DecodeTable& table) {
  if (!charge_work(kUnitsPerCharacter * text.size())) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t group = 0;
  std::size_t sextets = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::uint8_t value = table[static_cast<std::uint8_t>(c)];
    if (value == kSpace) continue;
    if (value == kInvalid || padding > 0) return std::nullopt;
    group = group << 6 | value;
    if (++sextets % 4 == 0) {
      out.push_back(static_cast<std::uint8_t>(group >> 16));
      out.push_back(static_cast<std::uint8_t>(group >> 8));
      out.push_back(static_cast<std::uint8_t>(group));
    }
  }
  const std::size_t tail = sextets % 4;
  if (tail == 1 || padding > (4 - tail) % 4) return std::nullopt;
  if (tail >= 2) out.push_back(static_cast<std::uint8_t>(group >> (tail == 2 ? 4 : 10)));
  if (tail == 3) out.push_back(static_cast<std::uint8_t>(group >> 2));
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::optional<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0 || !charge_work(kUnitsPerCharacter * text.size())) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

std::string base64_encode(ByteView bytes) { return encode(bytes, kBase64, true); }
std::optional<Bytes> base64_decode(std::string_view text) { return decode(text, kBase64Table); }
std::string base64url_encode(ByteView bytes) { return encode(bytes, kBase64Url, false); }
std::optional<Bytes> base64url_decode(std::string_view text) { return decode(text, kBase64UrlTable); }

}  // namespace landwaiter
