// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/public_key.hpp"

namespace landwaiter::detectors {

/// Whether bytes inside other data that parse as this key are plausible as a key. RSA: an odd modulus of a real size without small
/// factors, and an odd exponent. EC: a point on a curve that has a name. Ed25519 and similar keys, ML-KEM, ML-DSA, SLH-DSA: the right
/// length, and bytes as varied as random ones. DSA and DH: y between 1 and p. Others: no.
bool is_plausible(const PublicKey& key);

}  // namespace landwaiter::detectors
