// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/keys/public_key.hpp"

#include <span>

namespace landwaiter::detectors {

/// Checks whether a private number belongs to a public key, each with bounded cost.

bool rsa_agrees(ByteView n, std::span<const ByteView> primes);

/// DSA and ElGamal: is y = g^x mod p? Exponents above 512 bits, which neither DSA nor GnuPG's ElGamal has, are not checked to keep the
/// cost small; they pass.
bool discrete_log_agrees(ByteView p, ByteView g, ByteView y, ByteView x);

/// Curves: `scalar` is big-endian in Weierstrass form. The raw kinds of RFC 8032 and RFC 7748 take a string of octets, or, with
/// `reversed`, a number: its octets in the other order. Shorter ones are padded with leading zeros.
bool curve_agrees(const PublicKey& key, ByteView scalar, bool reversed = false);

}  // namespace landwaiter::detectors
