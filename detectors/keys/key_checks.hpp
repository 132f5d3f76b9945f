// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/public_key.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// What is wrong with a public key whoever holds its private half, as stable codes: key_weakness()'s "rsa-1024" and its kin,
/// "rsa-exponent-1", "rsa-exponent-even", "rsa-exponent-small" (up to 15), "rsa-small-factor" (a prime up to 65,537), "rsa-fermat" (two
/// primes so close that 100 rounds of Fermat's method find them), "rsa-roca" (CVE-2017-15361), "explicit-curve" (RFC 5480, 2.1.1 forbids it
/// in certificates; CVE-2020-0601 needs it). Costs some tenths of a millisecond for RSA of 2,048 bits, and nothing above
/// limits::key_bits_max.
std::vector<std::string> key_weaknesses(const PublicKey& key);

/// The modulus and exponent inside a SubjectPublicKeyInfo of RSA or RSA-PSS, big-endian without leading zeros.
struct RsaNumbers {
  ByteView modulus;
  ByteView exponent;
};
std::optional<RsaNumbers> rsa_numbers(const PublicKey& key);

/// The one number that tells a key from all others, big-endian without leading zeros: RSA's modulus, the x of a point on a curve,
/// DSA's and DH's y, the bytes of Ed25519 and its kin. Empty for keys of other kinds.
ByteView key_value(const PublicKey& key);

/// The first 15 bytes of SHA-256 over key_value() in lower-case hexadecimal, as lists of known-compromised keys have them; empty when
/// there is no value.
std::string key_hash(const PublicKey& key);

}  // namespace landwaiter::detectors
