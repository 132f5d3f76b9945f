// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Keys of DNS programs. Each reader ignores lookalikes.

/// A private key in BIND's format ("Private-key-format: v1.x", also of ldns and Knot): RSA, DSA, ECDSA, EdDSA, and HMAC keys of TSIG. The
/// hit ends with "Private-key-format: v1.". The identity is that of the public half, computed if not given.
void inspect_dnssec_private(const Window& window, const Hit& hit, FindingSink& sink);
/// A DNSKEY record or trust anchor (RFC 4034, 2.2): the hit ends after the algorithm's number and a blank; before it are `DNSKEY`,
/// `initial-key` or `static-key`, flags and protocol 3.
void inspect_dnskey(const Window& window, const Hit& hit, FindingSink& sink);
/// key "name" { algorithm hmac-...; secret "..."; } of named.conf(5), rndc.conf(5); the hit ends with "hmac-".
void inspect_tsig_key(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
