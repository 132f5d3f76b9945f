// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/rsa_checks.hpp"

#include "detectors/formats/openssl_ptr.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace landwaiter::detectors::rsa {
namespace {

__extension__ using Wide = unsigned __int128;

using Number = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;
using Context = std::unique_ptr<BN_CTX, OpensslFree<BN_CTX_free>>;

constexpr std::uint64_t kSmallPrimeMax = 65'537;

Number number(ByteView magnitude) { return Number(BN_bin2bn(magnitude.data(), static_cast<int>(magnitude.size()), nullptr)); }
Number number(std::uint64_t value) {
  Number out(BN_new());
  BN_set_word(out.get(), value);
  return out;
}

/// A number is divisible by an odd prime when its product with the prime's inverse modulo 2^64 is at most 2^64 / prime.
struct Divisor {
  std::uint64_t inverse = 0;
  std::uint64_t quotient_max = 0;
  bool divides(std::uint64_t value) const { return value * inverse <= quotient_max; }
};

/// Odd primes multiplied up to 64 bits each: a modulus is divided once for four of them.
struct PrimeProduct {
  std::uint64_t product = 1;
  std::uint64_t inverse = 0;  ///< of the product modulo 2^64
  std::vector<Divisor> primes;
};

/// Each step of Newton's method gives twice as many correct bits; an odd number is its own inverse modulo 8.
std::uint64_t inverse_of(std::uint64_t odd) {
  std::uint64_t inverse = odd;
  for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - odd * inverse;
  return inverse;
}

std::vector<PrimeProduct> prime_products() {
  std::vector<bool> composite(kSmallPrimeMax + 1);
  std::vector<PrimeProduct> out(1);
  for (std::uint64_t prime = 3; prime <= kSmallPrimeMax; prime += 2) {
    if (composite[prime]) continue;
    for (std::uint64_t multiple = prime * prime; multiple <= kSmallPrimeMax; multiple += 2 * prime) composite[multiple] = true;
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    if (out.back().product > kMax / prime) out.emplace_back();
    out.back().product *= prime;
    out.back().primes.push_back({inverse_of(prime), kMax / prime});
  }
  for (PrimeProduct& product : out) product.inverse = inverse_of(product.product);
  return out;
}

/// The words of a magnitude, least significant first.
std::vector<std::uint64_t> words_of(ByteView magnitude) {
  std::vector<std::uint64_t> words((magnitude.size() + 7) / 8);
  for (std::size_t i = 0; i < magnitude.size(); ++i) {
    words[i / 8] |= static_cast<std::uint64_t>(magnitude[magnitude.size() - 1 - i]) << (8 * (i % 8));
  }
  return words;
}

/// The number times a unit, modulo the product: Hensel's division from the low end, which needs no division instruction. Enough to find
/// which primes divide it.
std::uint64_t residue(const std::vector<std::uint64_t>& words, const PrimeProduct& product) {
  std::uint64_t carry = 0;
  for (const std::uint64_t word : words) {
    const std::uint64_t difference = word - carry;
    const std::uint64_t quotient = difference * product.inverse;
    const auto high = static_cast<std::uint64_t>((static_cast<Wide>(quotient) * product.product) >> 64);
    carry = high + (word < carry ? 1 : 0);
  }
  return carry;
}

/// Squares are among 12 of 64 residues modulo 64; the other moduli leave one number in a hundred.
bool may_be_square(const BIGNUM* value) {
  for (const BN_ULONG modulus : {64UL, 63UL, 65UL, 11UL, 17UL, 19UL}) {
    const BN_ULONG rest = BN_mod_word(value, modulus);
    bool square = false;
    for (BN_ULONG root = 0; root <= modulus / 2 && !square; ++root) square = root * root % modulus == rest;
    if (!square) return false;
  }
  return true;
}

/// The largest number whose square is not above `value`, by Newton's method from above; null if out of memory.
Number square_root(const BIGNUM* value, BN_CTX* context) {
  Number root(BN_new()), next(BN_new()), quotient(BN_new());
  if (!root || !next || !quotient) return nullptr;
  BN_zero(root.get());
  BN_set_bit(root.get(), (BN_num_bits(value) + 1) / 2);
  for (;;) {
    if (BN_div(quotient.get(), nullptr, value, root.get(), context) != 1) return nullptr;
    BN_add(next.get(), root.get(), quotient.get());
    BN_rshift1(next.get(), next.get());
    if (BN_cmp(next.get(), root.get()) >= 0) return root;
    root.swap(next);
  }
}

bool is_square(const BIGNUM* value, BN_CTX* context) {
  if (!may_be_square(value)) return false;
  const Number root = square_root(value, context);
  const Number square(BN_new());
  return root && square && BN_sqr(square.get(), root.get(), context) == 1 && BN_cmp(square.get(), value) == 0;
}

/// 3 to 167: their product is the M of RSALib's keys of 512 bits, which divides that of all larger keys.
constexpr std::array<unsigned, 38> kRocaPrimes{3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
                                               73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
constexpr const char* kRocaModulus = "924CBA6AE99DFA084537FACC54948DF0C23DA044D8CABE0EDD75BC6";
constexpr unsigned kRocaGenerator = 65'537;
/// The generator's order modulo M, and the prime powers that it is the product of.
constexpr std::uint64_t kRocaOrder = 2'454'106'387'091'158'800;
constexpr std::array<unsigned, 13> kRocaOrderFactors{16, 81, 25, 7, 11, 13, 17, 23, 29, 37, 41, 53, 83};

/// Whether `rest` is a power of the generator modulo one small prime.
bool in_small_subgroup(BN_ULONG rest, unsigned prime) {
  const unsigned generator = kRocaGenerator % prime;
  unsigned power = 1;
  do {
    if (power == rest) return true;
    power = power * generator % prime;
  } while (power != 1);
  return false;
}

/// Rejects all but one in 2^27 other moduli, most of them with the first primes.
bool may_be_roca(const BIGNUM* modulus) {
  for (const unsigned prime : kRocaPrimes) {
    if (!in_small_subgroup(BN_mod_word(modulus, prime), prime)) return false;
  }
  return true;
}

/// Both raised to order / factor, so that they lie in the subgroup of that many elements: whether one is a power of the other.
bool in_subgroup(const BIGNUM* value, const BIGNUM* modulus, unsigned factor, BN_CTX* context) {
  const Number exponent = number(kRocaOrder / factor);
  const Number generator = number(kRocaGenerator);
  const Number target(BN_new()), step(BN_new()), power(BN_new());
  BN_mod_exp(target.get(), value, exponent.get(), modulus, context);
  BN_mod_exp(step.get(), generator.get(), exponent.get(), modulus, context);
  BN_one(power.get());
  for (unsigned i = 0; i < factor; ++i) {
    if (BN_cmp(power.get(), target.get()) == 0) return true;
    BN_mod_mul(power.get(), power.get(), step.get(), modulus, context);
  }
  return false;
}

}  // namespace

bool has_small_factor(ByteView modulus) {
  static const std::vector<PrimeProduct> kProducts = prime_products();
  const std::vector<std::uint64_t> words = words_of(modulus);
  if (words.empty() || (words[0] & 1) == 0) return true;
  for (const PrimeProduct& product : kProducts) {
    const std::uint64_t rest = residue(words, product);
    if (std::ranges::any_of(product.primes, [rest](const Divisor& prime) { return prime.divides(rest); })) return true;
  }
  return false;
}

bool has_close_primes(ByteView modulus) {
  constexpr int kRounds = 100;
  const Context context(BN_CTX_new());
  const Number n = number(modulus);
  const Number difference(BN_new());
  if (!context || !n || !difference || BN_is_zero(n.get()) || !BN_is_odd(n.get())) return false;
  // n = a^2 - b^2, with a from the root upwards.
  const Number a = square_root(n.get(), context.get());
  if (!a) return false;
  BN_sqr(difference.get(), a.get(), context.get());
  BN_sub(difference.get(), difference.get(), n.get());
  if (BN_is_zero(difference.get())) return true;
  const Number step(BN_dup(a.get()));
  if (!step) return false;
  BN_lshift1(step.get(), step.get());
  BN_add_word(step.get(), 1);
  for (int round = 0; round < kRounds; ++round) {
    BN_add(difference.get(), difference.get(), step.get());
    BN_add_word(step.get(), 2);
    if (is_square(difference.get(), context.get())) return true;
  }
  return false;
}

bool is_roca(ByteView modulus) {
  const Number n = number(modulus);
  if (!n || !may_be_roca(n.get())) return false;
  const Context context(BN_CTX_new());
  BIGNUM* parsed = nullptr;
  BN_hex2bn(&parsed, kRocaModulus);
  const Number m(parsed);
  const Number rest(BN_new()), power(BN_new());
  const Number order = number(kRocaOrder);
  if (!context || !m || !rest || !power || !order) return false;
  BN_mod(rest.get(), n.get(), m.get(), context.get());
  BN_mod_exp(power.get(), rest.get(), order.get(), m.get(), context.get());
  if (!BN_is_one(power.get())) return false;
  for (const unsigned factor : kRocaOrderFactors) {
    if (!in_subgroup(rest.get(), m.get(), factor, context.get())) return false;
  }
  return true;
}

}  // namespace landwaiter::detectors::rsa
