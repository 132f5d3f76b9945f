// SPDX-License-Identifier: Apache-2.0
#include "detectors/post_quantum/ml_kem.hpp"

#include "core/base/secret.hpp"
#include "detectors/post_quantum/sponge.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <vector>

namespace landwaiter::detectors::ml_kem {
namespace {

constexpr int kQ = 3329;
constexpr std::size_t kN = 256;
constexpr std::size_t kHalfSeed = 32;

constexpr std::array kSets{Set{"ML-KEM-512", 2, 3}, Set{"ML-KEM-768", 3, 2}, Set{"ML-KEM-1024", 4, 2}};

/// Coefficients modulo q, wiped when they go.
struct Poly {
  std::array<int, kN> at{};
  Poly() = default;
  Poly(const Poly&) = default;
  Poly& operator=(const Poly&) = default;
  ~Poly() { OPENSSL_cleanse(at.data(), sizeof at); }
};

/// 17 to the power of the index (FIPS 203, 4.3).
const std::array<int, kN>& powers() {
  static const auto table = [] {
    std::array<int, kN> out{1};
    for (std::size_t i = 1; i < kN; ++i) out[i] = out[i - 1] * 17 % kQ;
    return out;
  }();
  return table;
}

std::size_t reversed7(std::size_t index) {
  std::size_t out = 0;
  for (std::size_t bit = 0; bit < 7; ++bit) out |= (index >> bit & 1) << (6 - bit);
  return out;
}

/// Algorithm 9.
void to_ntt(Poly& poly) {
  std::size_t index = 1;
  for (std::size_t length = kN / 2; length >= 2; length /= 2) {
    for (std::size_t start = 0; start < kN; start += 2 * length) {
      const int zeta = powers()[reversed7(index++)];
      for (std::size_t j = start; j < start + length; ++j) {
        const int t = zeta * poly.at[j + length] % kQ;
        poly.at[j + length] = (poly.at[j] - t + kQ) % kQ;
        poly.at[j] = (poly.at[j] + t) % kQ;
      }
    }
  }
}

/// Algorithm 11, added to `sum`.
void add_product(const Poly& a, const Poly& b, Poly& sum) {
  for (std::size_t i = 0; i < kN; i += 2) {
    const int gamma = powers()[2 * reversed7(i / 2) + 1];
    const int odd = a.at[i + 1] * b.at[i + 1] % kQ * gamma % kQ;
    sum.at[i] = (sum.at[i] + a.at[i] * b.at[i] + odd) % kQ;
    sum.at[i + 1] = (sum.at[i + 1] + a.at[i] * b.at[i + 1] + a.at[i + 1] * b.at[i]) % kQ;
  }
}

/// Algorithm 7: an entry of the matrix, which is public.
Poly uniform(ByteView rho, std::size_t row, std::size_t column) {
  const std::array<std::uint8_t, 2> index{static_cast<std::uint8_t>(column), static_cast<std::uint8_t>(row)};
  Poly out;
  std::size_t count = 0;
  for (std::size_t size = 4 * 168; count < kN; size *= 2) {
    const Bytes stream = sponge(Sponge::shake128, {rho, index}, size);
    count = 0;
    for (std::size_t i = 0; i + 3 <= stream.size() && count < kN; i += 3) {
      for (const int value : {stream[i] | (stream[i + 1] & 0xf) << 8, stream[i + 1] >> 4 | stream[i + 2] << 4}) {
        if (value < kQ && count < kN) out.at[count++] = value;
      }
    }
  }
  return out;
}

/// Algorithms 8 and 9: a secret polynomial or error.
Poly small_ntt(ByteView sigma, std::uint8_t number, std::size_t eta) {
  const WipedBytes stream(sponge(Sponge::shake256, {sigma, ByteView(&number, 1)}, 64 * eta));
  const auto bit = [&](std::size_t at) { return stream.view()[at / 8] >> at % 8 & 1; };
  Poly out;
  for (std::size_t i = 0; i < kN; ++i) {
    int value = kQ;
    for (std::size_t j = 0; j < eta; ++j) value += bit(2 * i * eta + j) - bit(2 * i * eta + eta + j);
    out.at[i] = value % kQ;
  }
  to_ntt(out);
  return out;
}

/// Algorithm 5 with 12 bits.
void append(const Poly& poly, Bytes& out) {
  for (std::size_t i = 0; i < kN; i += 2) {
    const unsigned pair = static_cast<unsigned>(poly.at[i]) | static_cast<unsigned>(poly.at[i + 1]) << 12;
    for (const int shift : {0, 8, 16}) out.push_back(static_cast<std::uint8_t>(pair >> shift));
  }
}

}  // namespace

const Set* find_set(std::string_view name) {
  const auto found = std::ranges::find(kSets, name, &Set::name);
  return found == kSets.end() ? nullptr : &*found;
}

Bytes public_of_seed(const Set& set, ByteView seed) {
  const auto rank = static_cast<std::uint8_t>(set.k);
  const WipedBytes both(sponge(Sponge::sha3_512, {seed.first(kHalfSeed), ByteView(&rank, 1)}, 64));
  const ByteView rho = both.view().first(32), sigma = both.view().subspan(32);
  std::vector<Poly> secret;
  for (std::uint8_t i = 0; i < rank; ++i) secret.push_back(small_ntt(sigma, i, set.eta));
  Bytes out;
  out.reserve(set.public_bytes());
  for (std::uint8_t row = 0; row < rank; ++row) {
    Poly t = small_ntt(sigma, static_cast<std::uint8_t>(rank + row), set.eta);
    for (std::size_t column = 0; column < rank; ++column) add_product(uniform(rho, row, column), secret[column], t);
    append(t, out);
  }
  out.insert(out.end(), rho.begin(), rho.end());
  return out;
}

std::optional<Bytes> public_of_expanded(const Set& set, ByteView expanded) {
  if (expanded.size() != set.expanded_bytes()) return std::nullopt;
  const ByteView key = expanded.subspan(384 * set.k, set.public_bytes());
  const Bytes hash = sponge(Sponge::sha3_256, {key}, 32);
  if (!same_bytes(hash, expanded.subspan(384 * set.k + key.size(), hash.size()))) return std::nullopt;
  return Bytes(key.begin(), key.end());
}

}  // namespace landwaiter::detectors::ml_kem
