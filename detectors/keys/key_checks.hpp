// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/public_key.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// Weaknesses of a public key, as stable codes: those of key_weakness() like "rsa-1024", "rsa-exponent-1", "rsa-exponent-even",
/// "rsa-exponent-small" (up to 15), "rsa-small-factor" (a prime up to 65,537), "rsa-fermat" (two primes so close that 100 rounds of
/// Fermat's method find them), "rsa-roca" (CVE-2017-15361), "explicit-curve" (RFC 5480, 2.1.1 forbids it in certificates; CVE-2020-0601
/// needs it). Takes a few tenths of a millisecond for RSA of 2,048 bits; keys above limits::key_bits_max are skipped.
std::vector<std::string> key_weaknesses(const PublicKey& key);

/// The modulus and exponent inside a SubjectPublicKeyInfo of RSA or RSA-PSS, big-endian without leading zeros.
struct RsaNumbers {
  ByteView modulus;
  ByteView exponent;
};
std::optional<RsaNumbers> rsa_numbers(const PublicKey& key);

/// The number that identifies a key, big-endian without leading zeros: RSA's modulus, the x of a point on a curve, DSA's and DH's y, the
/// bytes of Ed25519 and similar keys. Empty for other kinds of keys.
ByteView key_value(const PublicKey& key);

/// The first 15 bytes of SHA-256 over key_value() in lower-case hexadecimal, as in lists of known compromised keys; empty if there is no
/// value.
std::string key_hash(const PublicKey& key);

}  // namespace landwaiter::detectors
