// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// A private key of PuTTY, versions 1 to 3 of its format; the hit ends with "PuTTY-User-Key-File-N: ". The public half is not encrypted
/// and gives the identity. For a key without a passphrase, the MAC is verified (`consistent`); `complete` is false if the private part is
/// truncated.
void inspect_putty_key(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
