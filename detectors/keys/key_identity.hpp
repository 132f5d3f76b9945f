// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string_view>

namespace landwaiter::detectors {

/// A key has one identity, whatever it is written in: the digest of the one SubjectPublicKeyInfo that stands for it. read_public_key()
/// calls this for all keys, so that certificates, requests and files of any format agree:
///
///   RSA                           rsaEncryption with NULL (RFC 3279, 2.3.1), also for a key that is marked for PSS or OAEP: it is the same
///                                 key under a rule for its use. Numbers without padding and with their sign's zero
///   EC                            the curve by its name (RFC 5480, 2.1.1) if it has one, also if its numbers are written out; the
///                                 uncompressed point
///   Ed25519, ML-DSA and similar   no parameters, not NULL (RFC 8410, 3; RFC 9881, 2)
///   others                        as they are: the parameters are a part of the key
///
/// `algorithm` is the content of an AlgorithmIdentifier, `key` that of the BIT STRING, `curve` OpenSSL's name of an EC key's curve,
/// if it has one. What cannot be read, or is not on its curve, stays as it is.
Bytes identifying_spki(ByteView algorithm, std::string_view curve, ByteView key);

/// The content of a SubjectPublicKeyInfo's BIT STRING; empty if it is not one.
ByteView spki_key(ByteView spki);

}  // namespace landwaiter::detectors
