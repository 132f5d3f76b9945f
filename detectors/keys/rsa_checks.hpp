// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

namespace landwaiter::detectors::rsa {

/// Tests of RSA moduli (big-endian) that need only the modulus. The caller bounds its size.

/// Whether a prime up to 65,537 divides it. Such a modulus is damaged or not a modulus.
bool has_small_factor(ByteView modulus);

/// Whether 100 rounds of Fermat's method factor it. Then its primes differ only in their lower half (CVE-2022-26320).
bool has_close_primes(ByteView modulus);

/// Whether it is a power of 65,537 modulo the product of the first primes, like the moduli of Infineon's RSALib (CVE-2017-15361). For
/// other moduli the probability is 2^-150.
bool is_roca(ByteView modulus);

}  // namespace landwaiter::detectors::rsa
