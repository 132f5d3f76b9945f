// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Keys of age (age-encryption.org/v1, "X25519 recipient stanza"), in Bech32 whose checksum must agree.

/// The hit ends with "AGE-SECRET-KEY-" or "AGE-PLUGIN-". Identities of plugins stay opaque: most name a token that holds the key.
void inspect_age_identity(const Window& window, const Hit& hit, FindingSink& sink);
/// The hit ends with the 62 characters of "age1...".
void inspect_age_recipient(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
