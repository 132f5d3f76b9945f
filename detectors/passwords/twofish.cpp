// SPDX-License-Identifier: Apache-2.0
// "Twofish: A 128-Bit Block Cipher", Schneier, Kelsey, Whiting, Wagner, Hall, Ferguson, 1998, section 4.
#include "detectors/passwords/twofish.hpp"

#include "core/base/secret.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace landwaiter::detectors {
namespace {

using Nibbles = std::array<std::uint8_t, 16>;
using Permutation = std::array<std::uint8_t, 256>;

constexpr std::array<std::array<Nibbles, 4>, 2> kNibbles{
    {{{{0x8, 0x1, 0x7, 0xd, 0x6, 0xf, 0x3, 0x2, 0x0, 0xb, 0x5, 0x9, 0xe, 0xc, 0xa, 0x4},
       {0xe, 0xc, 0xb, 0x8, 0x1, 0x2, 0x3, 0x5, 0xf, 0x4, 0xa, 0x6, 0x7, 0x0, 0x9, 0xd},
       {0xb, 0xa, 0x5, 0xe, 0x6, 0xd, 0x9, 0x0, 0xc, 0x8, 0xf, 0x3, 0x2, 0x4, 0x7, 0x1},
       {0xd, 0x7, 0xf, 0x4, 0x1, 0x2, 0x6, 0xe, 0x9, 0xb, 0x3, 0x0, 0x8, 0x5, 0xc, 0xa}}},
     {{{0x2, 0x8, 0xb, 0xd, 0xf, 0x7, 0x6, 0xe, 0x3, 0x1, 0x9, 0x4, 0x0, 0xa, 0xc, 0x5},
       {0x1, 0xe, 0x2, 0xb, 0x4, 0xc, 0x3, 0x7, 0x6, 0xd, 0xa, 0x5, 0xf, 0x9, 0x0, 0x8},
       {0x4, 0xc, 0x7, 0x5, 0x1, 0x6, 0x9, 0xa, 0x0, 0xe, 0xd, 0x8, 0x2, 0xb, 0x3, 0xf},
       {0xb, 0x9, 0x5, 0x1, 0xc, 0x3, 0xd, 0xe, 0x6, 0x4, 0x7, 0xf, 0x2, 0x0, 0x8, 0xa}}}}};

/// Section 4.3.5.
constexpr Permutation permutation(const std::array<Nibbles, 4>& t) {
  Permutation out{};
  for (unsigned x = 0; x < 256; ++x) {
    unsigned a = x >> 4U, b = x & 15U;
    for (std::size_t stage = 0; stage < 4; stage += 2) {
      const unsigned mixed = a ^ b;
      const unsigned turned = (a ^ ((b >> 1U) | (b << 3U)) ^ (8 * a)) & 15U;
      a = t[stage][mixed];
      b = t[stage + 1][turned];
    }
    out[x] = static_cast<std::uint8_t>(16 * b + a);
  }
  return out;
}

constexpr std::array<Permutation, 2> kQ{permutation(kNibbles[0]), permutation(kNibbles[1])};

constexpr unsigned kMdsPolynomial = 0x169, kRsPolynomial = 0x14d;
constexpr std::array<std::array<std::uint8_t, 4>, 4> kMds{
    {{0x01, 0xef, 0x5b, 0x5b}, {0x5b, 0xef, 0xef, 0x01}, {0xef, 0x5b, 0x01, 0xef}, {0xef, 0x01, 0xef, 0x5b}}};
constexpr std::array<std::array<std::uint8_t, 8>, 4> kRs{{{0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e},
                                                          {0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5},
                                                          {0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19},
                                                          {0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03}}};

/// Which permutation each byte passes at each step, from the innermost (section 4.3.2, for keys of four words).
constexpr std::array<std::array<std::size_t, 5>, 4> kOrder{{{1, 1, 0, 0, 1}, {0, 1, 1, 0, 0}, {0, 0, 0, 1, 1}, {1, 0, 1, 1, 0}}};

constexpr std::uint8_t multiply(unsigned a, unsigned b, unsigned polynomial) {
  unsigned product = 0;
  for (; b != 0; b >>= 1U) {
    if ((b & 1U) != 0) product ^= a;
    a <<= 1U;
    if ((a & 0x100U) != 0) a ^= polynomial;
  }
  return static_cast<std::uint8_t>(product);
}

std::uint32_t word(const std::uint8_t* bytes) {
  return bytes[0] | static_cast<std::uint32_t>(bytes[1]) << 8U | static_cast<std::uint32_t>(bytes[2]) << 16U |
         static_cast<std::uint32_t>(bytes[3]) << 24U;
}

std::uint8_t byte_of(std::uint32_t value, std::size_t index) { return static_cast<std::uint8_t>(value >> (8 * index)); }

using Words = std::array<std::uint32_t, 4>;

/// One byte of h: through the permutations, mixed with the words from the last to the first, and one column of the MDS matrix.
std::uint32_t column(std::uint8_t x, std::size_t index, const Words& words) {
  const auto& order = kOrder[index];
  std::uint8_t y = kQ[order[0]][x];
  for (std::size_t i = 0; i < 4; ++i) y = kQ[order[i + 1]][y ^ byte_of(words[3 - i], index)];
  std::uint32_t out = 0;
  for (std::size_t row = 0; row < 4; ++row) out |= static_cast<std::uint32_t>(multiply(kMds[row][index], y, kMdsPolynomial)) << (8 * row);
  return out;
}

std::uint32_t h(std::uint32_t x, const Words& words) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out ^= column(byte_of(x, i), i, words);
  return out;
}

}  // namespace

Twofish::Twofish(ByteView key) {
  if (key.size() != kKeyBytes) throw std::invalid_argument("Twofish's key has 32 bytes here");
  Words even{}, odd{}, reversed{};
  for (std::size_t i = 0; i < 4; ++i) {
    even[i] = word(key.data() + 8 * i);
    odd[i] = word(key.data() + 8 * i + 4);
    std::uint32_t s = 0;
    for (std::size_t row = 0; row < 4; ++row) {
      std::uint8_t sum = 0;
      for (std::size_t k = 0; k < 8; ++k) sum ^= multiply(kRs[row][k], key[8 * i + k], kRsPolynomial);
      s |= static_cast<std::uint32_t>(sum) << (8 * row);
    }
    reversed[3 - i] = s;
  }
  constexpr std::uint32_t kRho = 0x01010101;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::uint32_t a = h(2 * i * kRho, even);
    const std::uint32_t b = std::rotl(h((2 * i + 1) * kRho, odd), 8);
    round_keys_[2 * i] = a + b;
    round_keys_[2 * i + 1] = std::rotl(a + 2 * b, 9);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    for (unsigned x = 0; x < 256; ++x) boxes_[i][x] = column(static_cast<std::uint8_t>(x), i, reversed);
  }
}

Twofish::~Twofish() {
  OPENSSL_cleanse(round_keys_.data(), sizeof round_keys_);
  OPENSSL_cleanse(boxes_.data(), sizeof boxes_);
}

std::uint32_t Twofish::g(std::uint32_t x) const {
  return boxes_[0][byte_of(x, 0)] ^ boxes_[1][byte_of(x, 1)] ^ boxes_[2][byte_of(x, 2)] ^ boxes_[3][byte_of(x, 3)];
}

void Twofish::decrypt_block(const std::uint8_t* in, std::uint8_t* out) const {
  std::array<std::uint32_t, 4> r{};
  for (std::size_t i = 0; i < 4; ++i) r[i] = word(in + 4 * i) ^ round_keys_[4 + i];
  // The last round's halves were not swapped.
  for (std::size_t round = 16; round-- > 0;) {
    const std::uint32_t t0 = g(r[0]), t1 = g(std::rotl(r[1], 8));
    r[2] = std::rotl(r[2], 1) ^ (t0 + t1 + round_keys_[2 * round + 8]);
    r[3] = std::rotr(r[3] ^ (t0 + 2 * t1 + round_keys_[2 * round + 9]), 1);
    std::swap(r[0], r[2]);
    std::swap(r[1], r[3]);
  }
  const std::array<std::uint32_t, 4> plain{r[2] ^ round_keys_[0], r[3] ^ round_keys_[1], r[0] ^ round_keys_[2], r[1] ^ round_keys_[3]};
  for (std::size_t i = 0; i < kBlockBytes; ++i) out[i] = byte_of(plain[i / 4], i % 4);
}

std::optional<WipedBytes> Twofish::decrypt_cbc(ByteView iv, ByteView ciphertext) const {
  if (iv.size() != kBlockBytes || ciphertext.empty() || ciphertext.size() % kBlockBytes != 0) return std::nullopt;
  Bytes plain(ciphertext.size());
  for (std::size_t at = 0; at < ciphertext.size(); at += kBlockBytes) {
    decrypt_block(ciphertext.data() + at, plain.data() + at);
    const std::uint8_t* before = at == 0 ? iv.data() : ciphertext.data() + at - kBlockBytes;
    for (std::size_t i = 0; i < kBlockBytes; ++i) plain[at + i] ^= before[i];
  }
  const std::size_t padding = plain.back();
  const bool padded =
      padding > 0 && padding <= kBlockBytes &&
      std::all_of(plain.end() - static_cast<std::ptrdiff_t>(padding), plain.end(), [&](std::uint8_t b) { return b == padding; });
  WipedBytes out(std::move(plain));
  if (!padded) return std::nullopt;
  return WipedBytes(Bytes(out.view().begin(), out.view().end() - static_cast<std::ptrdiff_t>(padding)));
}

}  // namespace landwaiter::detectors
