// SPDX-License-Identifier: Apache-2.0
#include "detectors/post_quantum/ml_dsa.hpp"

#include "core/base/secret.hpp"
#include "detectors/post_quantum/sponge.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <vector>

namespace landwaiter::detectors::ml_dsa {
namespace {

constexpr std::int64_t kQ = 8380417;
constexpr std::size_t kN = 256;
/// Bits that are cut off t (FIPS 204, table 1).
constexpr int kD = 13;
constexpr std::size_t kRhoBytes = 32, kHashBytes = 64;

constexpr std::array kSets{Set{"ML-DSA-44", 4, 4, 2}, Set{"ML-DSA-65", 6, 5, 4}, Set{"ML-DSA-87", 8, 7, 2}};

/// Coefficients modulo q, wiped when they go.
struct Poly {
  std::array<std::int32_t, kN> at{};
  Poly() = default;
  Poly(const Poly&) = default;
  Poly& operator=(const Poly&) = default;
  ~Poly() { OPENSSL_cleanse(at.data(), sizeof at); }
};

std::int32_t product(std::int64_t a, std::int64_t b) { return static_cast<std::int32_t>(a * b % kQ); }

/// 1753 to the power of the bit-reversed index (FIPS 204, appendix B).
const std::array<std::int32_t, kN>& zetas() {
  static const auto table = [] {
    std::array<std::int32_t, kN> powers{1}, out{};
    for (std::size_t i = 1; i < kN; ++i) powers[i] = product(powers[i - 1], 1753);
    for (std::size_t i = 0; i < kN; ++i) {
      std::size_t reversed = 0;
      for (std::size_t bit = 0; bit < 8; ++bit) reversed |= (i >> bit & 1) << (7 - bit);
      out[i] = powers[reversed];
    }
    return out;
  }();
  return table;
}

/// Algorithm 41.
void to_ntt(Poly& poly) {
  std::size_t zeta = 0;
  for (std::size_t length = kN / 2; length > 0; length /= 2) {
    for (std::size_t start = 0; start < kN; start += 2 * length) {
      const std::int32_t factor = zetas()[++zeta];
      for (std::size_t j = start; j < start + length; ++j) {
        const std::int32_t t = product(factor, poly.at[j + length]);
        poly.at[j + length] = static_cast<std::int32_t>((poly.at[j] - t + kQ) % kQ);
        poly.at[j] = static_cast<std::int32_t>((poly.at[j] + t) % kQ);
      }
    }
  }
}

/// Algorithm 42.
void from_ntt(Poly& poly) {
  std::size_t zeta = kN;
  for (std::size_t length = 1; length < kN; length *= 2) {
    for (std::size_t start = 0; start < kN; start += 2 * length) {
      const std::int64_t factor = kQ - zetas()[--zeta];
      for (std::size_t j = start; j < start + length; ++j) {
        const std::int32_t t = poly.at[j];
        poly.at[j] = static_cast<std::int32_t>((t + poly.at[j + length]) % kQ);
        poly.at[j + length] = product(factor, (t - poly.at[j + length] + kQ) % kQ);
      }
    }
  }
  constexpr std::int64_t kInverseOfN = 8347681;
  for (std::int32_t& value : poly.at) value = product(value, kInverseOfN);
}

/// Algorithm 30: an entry of the matrix, which is public.
Poly uniform(ByteView rho, std::size_t row, std::size_t column) {
  const std::array<std::uint8_t, 2> index{static_cast<std::uint8_t>(column), static_cast<std::uint8_t>(row)};
  Poly out;
  std::size_t count = 0;
  // One in a thousand candidates is refused, so the first round almost always has enough.
  for (std::size_t size = 5 * 168; count < kN; size *= 2) {
    const Bytes stream = sponge(Sponge::shake128, {rho, index}, size);
    count = 0;
    for (std::size_t i = 0; i + 3 <= stream.size() && count < kN; i += 3) {
      const std::int32_t value = stream[i] | stream[i + 1] << 8 | (stream[i + 2] & 0x7f) << 16;
      if (value < kQ) out.at[count++] = value;
    }
  }
  return out;
}

/// Algorithm 31: a secret polynomial.
Poly bounded(ByteView seed, std::size_t index, int eta) {
  const std::array<std::uint8_t, 2> number{static_cast<std::uint8_t>(index), 0};
  Poly out;
  std::size_t count = 0;
  for (std::size_t size = 4 * 136; count < kN; size *= 2) {
    const WipedBytes stream(sponge(Sponge::shake256, {seed, number}, size));
    count = 0;
    for (std::size_t i = 0; i < 2 * size && count < kN; ++i) {
      const int half = stream.view()[i / 2] >> (4 * (i % 2)) & 0xf;
      if (eta == 2 ? half >= 15 : half >= 9) continue;
      const int value = eta == 2 ? 2 - half % 5 : 4 - half;
      out.at[count++] = static_cast<std::int32_t>((value + kQ) % kQ);
    }
  }
  return out;
}

/// BitUnpack of eta - coefficient; out of range when the bits are no such number.
bool unpack_secret(ByteView bytes, int eta, Poly& out) {
  const std::size_t bits = eta == 2 ? 3 : 4;
  for (std::size_t i = 0; i < kN; ++i) {
    const std::size_t at = i * bits;
    unsigned pair = bytes[at / 8];
    if (at / 8 + 1 < bytes.size()) pair |= static_cast<unsigned>(bytes[at / 8 + 1]) << 8;
    const int value = static_cast<int>(pair >> at % 8 & ((1U << bits) - 1));
    if (value > 2 * eta) return false;
    out.at[i] = static_cast<std::int32_t>((eta - value + kQ) % kQ);
  }
  return true;
}

/// The upper 10 bits of t + 2^(d-1) - 1, packed (algorithms 35 and 16).
void append_t1(const Poly& t, Bytes& out) {
  std::uint64_t pending = 0;
  std::size_t bits = 0;
  for (const std::int32_t value : t.at) {
    pending |= static_cast<std::uint64_t>((value + (1 << (kD - 1)) - 1) >> kD) << bits;
    for (bits += 10; bits >= 8; bits -= 8, pending >>= 8) out.push_back(static_cast<std::uint8_t>(pending));
  }
}

/// t = A s1 + s2, and the encoded public key (algorithm 22). s1 is replaced by its transform.
Bytes public_of(const Set& set, ByteView rho, std::vector<Poly>& s1, const std::vector<Poly>& s2) {
  for (Poly& poly : s1) to_ntt(poly);
  Bytes out(rho.begin(), rho.end());
  out.reserve(set.public_bytes());
  for (std::size_t row = 0; row < set.k; ++row) {
    Poly t;
    for (std::size_t column = 0; column < set.l; ++column) {
      const Poly entry = uniform(rho, row, column);
      for (std::size_t i = 0; i < kN; ++i) {
        t.at[i] = static_cast<std::int32_t>((t.at[i] + std::int64_t{entry.at[i]} * s1[column].at[i]) % kQ);
      }
    }
    from_ntt(t);
    for (std::size_t i = 0; i < kN; ++i) t.at[i] = static_cast<std::int32_t>((t.at[i] + s2[row].at[i]) % kQ);
    append_t1(t, out);
  }
  return out;
}

}  // namespace

const Set* find_set(std::string_view name) {
  const auto found = std::ranges::find(kSets, name, &Set::name);
  return found == kSets.end() ? nullptr : &*found;
}

Bytes public_of_seed(const Set& set, ByteView seed) {
  const std::array<std::uint8_t, 2> sizes{static_cast<std::uint8_t>(set.k), static_cast<std::uint8_t>(set.l)};
  const WipedBytes expanded(sponge(Sponge::shake256, {seed, sizes}, 128));
  const ByteView secret = expanded.view().subspan(kRhoBytes, 64);
  std::vector<Poly> s1(set.l), s2(set.k);
  for (std::size_t i = 0; i < set.l; ++i) s1[i] = bounded(secret, i, set.eta);
  for (std::size_t i = 0; i < set.k; ++i) s2[i] = bounded(secret, set.l + i, set.eta);
  return public_of(set, expanded.view().first(kRhoBytes), s1, s2);
}

std::optional<Bytes> public_of_expanded(const Set& set, ByteView expanded) {
  if (expanded.size() != set.expanded_bytes()) return std::nullopt;
  std::vector<Poly> s1(set.l), s2(set.k);
  std::size_t at = 2 * kRhoBytes + kHashBytes;
  for (auto* list : {&s1, &s2}) {
    for (Poly& poly : *list) {
      if (!unpack_secret(expanded.subspan(at, set.secret_bytes()), set.eta, poly)) return std::nullopt;
      at += set.secret_bytes();
    }
  }
  Bytes out = public_of(set, expanded.first(kRhoBytes), s1, s2);
  const Bytes hash = sponge(Sponge::shake256, {out}, kHashBytes);
  if (!same_bytes(hash, expanded.subspan(2 * kRhoBytes, kHashBytes))) return std::nullopt;
  return out;
}

}  // namespace landwaiter::detectors::ml_dsa
