// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace landwaiter {

/// Finds RSA moduli that share a prime with another: anyone who has both can compute both private keys. D. J. Bernstein's batch GCD (a
/// tree of products, and remainders down it by squares), as used by Heninger et al., "Mining Your Ps and Qs", 2012.
class SharedPrimes {
 public:
  /// Reads the attribute `modulus` (base64 of the big-endian number) of each finding; findings without one are skipped. Equal moduli
  /// count once: a key and its certificate share both primes, which is not a flaw. Which are compared does not depend on the order.
  void add(std::span<const Finding> findings);

  /// Call once, after the last add.
  void compute();

  /// The ids of findings whose modulus shares a prime with this one's; empty if there are none.
  std::set<std::string> partners(const Finding& finding) const;

  std::size_t moduli() const { return owners_.size(); }
  /// Number of findings whose modulus was not compared, because all of them together exceeded the limit.
  std::size_t left_out() const { return left_out_; }

 private:
  struct Owners {
    std::set<std::string> ids;  ///< the first kOwnersMax of them
    std::size_t findings = 0;
  };
  /// Ids that are named of one modulus: a key with thousands of certificates needs no more to be found.
  static constexpr std::size_t kOwnersMax = 20;

  std::map<std::string, Owners> owners_;                   ///< by the modulus' bytes without leading zeros
  std::map<std::string, std::set<std::string>> partners_;  ///< by the same
  std::string left_from_;                                  ///< this modulus and greater ones are not compared; empty: none
  std::uint64_t bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace landwaiter
