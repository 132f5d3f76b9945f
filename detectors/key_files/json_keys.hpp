// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Key sets in JSON documents with a distinctive member; the document may be anywhere in a file.

/// A keyset of Tink, in the clear or encrypted by another key; the hit ends with the quotation mark of "primaryKeyId" or "encryptedKeyset".
void inspect_tink_keyset(const Window& window, const Hit& hit, FindingSink& sink);
/// The root of trust of The Update Framework: its public keys, with the roles they sign for. The hit ends with "root". Keys in PEM inside
/// it are left to PublicAssetDetector.
void inspect_tuf_root(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
