// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Keys in Microsoft CryptoAPI formats.

/// A PVK file; the hit ends with its magic and the four bytes of zeros. If it is encrypted, nothing inside can be read.
void inspect_pvk(const Window& window, const Hit& hit, FindingSink& sink);
/// A PRIVATEKEYBLOB or PUBLICKEYBLOB of RSA or DSA (wincrypt.h): strong-name files (.snk), the public keys in .NET assemblies. The hit
/// ends with "RSA1", "RSA2", "DSS1" or "DSS2". A private key is reported if its numbers are consistent.
void inspect_key_blob(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
