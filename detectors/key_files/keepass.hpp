// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// A password database of KeePass: KDB of version 1, KDBX 3 and 4. Only the header is read, which is not encrypted; the identity is its
/// digest, because it contains a new random seed each time the database is saved. The hit ends with the second signature.
void inspect_keepass(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
