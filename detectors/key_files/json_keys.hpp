// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Sets of keys in JSON documents that have a mark of their own; the document may stand anywhere in a file.

/// A keyset of Tink, in the clear or encrypted by another key; the hit ends with the quotation mark of "primaryKeyId" or "encryptedKeyset".
void inspect_tink_keyset(const Window& window, const Hit& hit, FindingSink& sink, const DetectorContext& context);
/// The root of trust of The Update Framework: its public keys, with the roles they sign for. The hit ends with "root".
/// Keys that stand there in PEM are PublicAssetDetector's.
void inspect_tuf_root(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
