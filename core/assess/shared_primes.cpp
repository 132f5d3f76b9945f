// SPDX-License-Identifier: Apache-2.0
#include "core/assess/shared_primes.hpp"

#include "core/base/encoding.hpp"
#include "core/report/assets/key.hpp"

#include <gmpxx.h>

#include <algorithm>
#include <iterator>

namespace landwaiter {
namespace {

/// 4,000 keys of 2048 bits; products and remainders take about thirty times as much memory while they are computed.
constexpr std::uint64_t kBytesMax = 1024 * 1024;
/// 16,384 bits, as for all keys; an even or tiny modulus has other weaknesses.
constexpr std::size_t kModulusBytesMax = 2048;
constexpr std::size_t kModulusBytesMin = 32;

mpz_class from_bytes(const std::string& bytes) {
  mpz_class number;
  mpz_import(number.get_mpz_t(), bytes.size(), 1, 1, 1, 0, bytes.data());
  return number;
}

/// The modulus' bytes without leading zeros; empty if there is none, or none worth comparing.
std::string modulus_of(const Finding& finding) {
  const std::string text = assets::key_identity_of(finding).modulus;
  if (text.empty() || text.size() > 2 * kModulusBytesMax) return {};
  const auto bytes = base64_decode(text);
  if (!bytes) return {};
  std::size_t start = 0;
  while (start < bytes->size() && (*bytes)[start] == 0) ++start;
  const std::string modulus(bytes->begin() + static_cast<std::ptrdiff_t>(start), bytes->end());
  const bool usable = modulus.size() >= kModulusBytesMin && modulus.size() <= kModulusBytesMax && (modulus.back() & 1) != 0;
  return usable ? modulus : std::string();
}

using Level = std::vector<mpz_class>;

/// The moduli, then products of pairs, up to the product of all.
std::vector<Level> product_tree(Level leaves) {
  std::vector<Level> tree;
  tree.push_back(std::move(leaves));
  while (tree.back().size() > 1) {
    const Level& below = tree.back();
    Level level;
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) level.emplace_back(below[i] * below[i + 1]);
    if (below.size() % 2 != 0) level.push_back(below.back());
    tree.push_back(std::move(level));
  }
  return tree;
}

/// For each modulus N the product of all, modulo N squared.
Level remainders(const std::vector<Level>& tree) {
  Level above = tree.back();
  for (std::size_t depth = tree.size() - 1; depth-- > 0;) {
    Level level;
    for (std::size_t i = 0; i < tree[depth].size(); ++i) level.emplace_back(above[i / 2] % (tree[depth][i] * tree[depth][i]));
    above = std::move(level);
  }
  return above;
}

/// gcd(N, (product of all mod N^2) / N): 1 when N shares nothing.
bool shares(const mpz_class& modulus, const mpz_class& remainder) { return gcd(modulus, mpz_class(remainder / modulus)) != 1; }

}  // namespace

void SharedPrimes::add(std::span<const Finding> findings) {
  for (const Finding& finding : findings) {
    std::string modulus = modulus_of(finding);
    if (modulus.empty()) continue;
    if (!left_from_.empty() && modulus >= left_from_) {
      ++left_out_;
      continue;
    }
    const auto [known, fresh] = owners_.try_emplace(std::move(modulus));
    if (fresh) bytes_ += known->first.size();
    Owners& owners = known->second;
    ++owners.findings;
    owners.ids.insert(finding.id);
    if (owners.ids.size() > kOwnersMax) owners.ids.erase(std::prev(owners.ids.end()));
    // The greatest goes: then the same ones stay in whatever order images were read.
    while (bytes_ > kBytesMax) {
      const auto greatest = std::prev(owners_.end());
      left_from_ = greatest->first;
      left_out_ += greatest->second.findings;
      bytes_ -= greatest->first.size();
      owners_.erase(greatest);
    }
  }
}

void SharedPrimes::compute() {
  if (owners_.size() < 2) return;
  Level leaves;
  std::vector<const std::string*> names;
  for (const auto& [modulus, owners] : owners_) {
    leaves.push_back(from_bytes(modulus));
    names.push_back(&modulus);
  }
  const std::vector<Level> tree = product_tree(std::move(leaves));
  const Level& moduli = tree.front();
  const Level rests = remainders(tree);
  std::vector<std::size_t> weak;
  for (std::size_t i = 0; i < moduli.size(); ++i) {
    if (shares(moduli[i], rests[i])) weak.push_back(i);
  }
  // Only the weak ones are compared with each other; there are few. With thousands of hostile ones, each is compared with the first.
  constexpr std::size_t kComparedMax = 200;
  if (weak.size() > kComparedMax) left_out_ += weak.size() - kComparedMax;
  weak.resize(std::min(weak.size(), kComparedMax));
  for (const std::size_t a : weak) {
    for (const std::size_t b : weak) {
      if (a == b) continue;
      if (gcd(moduli[a], moduli[b]) != 1) {
        const std::set<std::string>& ids = owners_[*names[b]].ids;
        partners_[*names[a]].insert(ids.begin(), ids.end());
      }
    }
  }
}

std::set<std::string> SharedPrimes::partners(const Finding& finding) const {
  const auto found = partners_.find(modulus_of(finding));
  return found == partners_.end() ? std::set<std::string>() : found->second;
}

}  // namespace landwaiter
