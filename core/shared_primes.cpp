// SPDX-License-Identifier: Apache-2.0
#include "core/shared_primes.hpp"

#include "core/attributes.hpp"
#include "core/encoding.hpp"

#include <openssl/bn.h>

#include <algorithm>
#include <memory>
#include <new>

namespace landwaiter {
namespace {

/// Dividing costs the square of this: 1,000 keys of 4096 bits (2,000 of 2048) are seconds.
constexpr std::uint64_t kBytesMax = 512 * 1024;
/// 16,384 bits, as for all keys; an even or tiny number has other faults.
constexpr std::size_t kModulusBytesMax = 2048;
constexpr std::size_t kModulusBytesMin = 32;

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct FreeContext {
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;
using Context = std::unique_ptr<BN_CTX, FreeContext>;

/// OpenSSL's arithmetic fails for want of memory alone.
void check(bool done) {
  if (!done) throw std::bad_alloc();
}

Number make() {
  Number number(BN_new());
  check(number != nullptr);
  return number;
}

Number from_bytes(const std::string& bytes) {
  Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  check(number != nullptr);
  return number;
}

/// The modulus' bytes without leading zeros; empty when there is none that is worth looking at.
std::string modulus_of(const Finding& finding) {
  const std::string text = text_attribute(finding.attributes, "modulus");
  if (text.empty() || text.size() > 2 * kModulusBytesMax) return {};
  const auto bytes = base64_decode(text);
  if (!bytes) return {};
  std::size_t start = 0;
  while (start < bytes->size() && (*bytes)[start] == 0) ++start;
  const std::string modulus(bytes->begin() + static_cast<std::ptrdiff_t>(start), bytes->end());
  const bool usable = modulus.size() >= kModulusBytesMin && modulus.size() <= kModulusBytesMax && (modulus.back() & 1) != 0;
  return usable ? modulus : std::string();
}

using Level = std::vector<Number>;

/// The moduli, then their products by pairs, up to one of all.
std::vector<Level> product_tree(Level leaves, BN_CTX* context) {
  std::vector<Level> tree;
  tree.push_back(std::move(leaves));
  while (tree.back().size() > 1) {
    const Level& below = tree.back();
    Level level;
    for (std::size_t i = 0; i < below.size(); i += 2) {
      Number product = make();
      if (i + 1 < below.size()) check(BN_mul(product.get(), below[i].get(), below[i + 1].get(), context) == 1);
      else check(BN_copy(product.get(), below[i].get()) != nullptr);
      level.push_back(std::move(product));
    }
    tree.push_back(std::move(level));
  }
  return tree;
}

/// For each modulus N the product of all, modulo N squared.
Level remainders(const std::vector<Level>& tree, BN_CTX* context) {
  Level above;
  above.push_back(make());
  check(BN_copy(above[0].get(), tree.back()[0].get()) != nullptr);
  for (std::size_t depth = tree.size() - 1; depth-- > 0;) {
    Level level;
    for (std::size_t i = 0; i < tree[depth].size(); ++i) {
      const Number square = make();
      Number rest = make();
      check(BN_sqr(square.get(), tree[depth][i].get(), context) == 1);
      check(BN_mod(rest.get(), above[i / 2].get(), square.get(), context) == 1);
      level.push_back(std::move(rest));
    }
    above = std::move(level);
  }
  return above;
}

/// gcd(N, (product of all mod N^2) / N): 1 when N shares nothing.
bool shares(const BIGNUM* modulus, const BIGNUM* remainder, BN_CTX* context) {
  const Number quotient = make();
  const Number common = make();
  check(BN_div(quotient.get(), nullptr, remainder, modulus, context) == 1);
  check(BN_gcd(common.get(), modulus, quotient.get(), context) == 1);
  return BN_is_one(common.get()) == 0;
}

}  // namespace

void SharedPrimes::add(std::span<const Finding> findings) {
  for (const Finding& finding : findings) {
    std::string modulus = modulus_of(finding);
    if (modulus.empty()) continue;
    const auto known = owners_.find(modulus);
    if (known != owners_.end()) {
      known->second.insert(finding.id);
    } else if (bytes_ + modulus.size() > kBytesMax) {
      ++left_out_;
    } else {
      bytes_ += modulus.size();
      owners_[std::move(modulus)].insert(finding.id);
    }
  }
}

void SharedPrimes::compute() {
  if (owners_.size() < 2) return;
  const Context context(BN_CTX_new());
  check(context != nullptr);
  Level leaves;
  std::vector<const std::string*> names;
  for (const auto& [modulus, ids] : owners_) {
    leaves.push_back(from_bytes(modulus));
    names.push_back(&modulus);
  }
  const std::vector<Level> tree = product_tree(std::move(leaves), context.get());
  const Level& moduli = tree.front();
  const Level rests = remainders(tree, context.get());
  std::vector<std::size_t> weak;
  for (std::size_t i = 0; i < moduli.size(); ++i) {
    if (shares(moduli[i].get(), rests[i].get(), context.get())) weak.push_back(i);
  }
  // Only the weak ones, of which there are few, are compared with each other. Hostile thousands share what they share with the first.
  constexpr std::size_t kComparedMax = 200;
  if (weak.size() > kComparedMax) left_out_ += weak.size() - kComparedMax;
  weak.resize(std::min(weak.size(), kComparedMax));
  const Number common = make();
  for (const std::size_t a : weak) {
    for (const std::size_t b : weak) {
      if (a == b) continue;
      check(BN_gcd(common.get(), moduli[a].get(), moduli[b].get(), context.get()) == 1);
      if (BN_is_one(common.get()) == 0) partners_[*names[a]].insert(owners_[*names[b]].begin(), owners_[*names[b]].end());
    }
  }
}

std::set<std::string> SharedPrimes::partners(const Finding& finding) const {
  const auto found = partners_.find(modulus_of(finding));
  return found == partners_.end() ? std::set<std::string>() : found->second;
}

}  // namespace landwaiter
