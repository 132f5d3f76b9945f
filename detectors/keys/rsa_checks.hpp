// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

namespace landwaiter::detectors::rsa {

/// Tests of RSA moduli (big-endian) that need nothing but the modulus. The caller bounds its size.

/// Does a prime up to 65,537 divide it? Such a modulus was damaged, or never was one.
bool has_small_factor(ByteView modulus);

/// Do 100 rounds of Fermat's method factor it? Then its primes differ in their lower half only (CVE-2022-26320).
bool has_close_primes(ByteView modulus);

/// Is it a power of 65,537 modulo the product of the first primes, as the moduli of Infineon's RSALib are (CVE-2017-15361)?
/// Among others one in 2^150 is.
bool is_roca(ByteView modulus);

}  // namespace landwaiter::detectors::rsa
