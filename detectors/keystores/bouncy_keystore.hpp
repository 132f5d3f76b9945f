// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// Bouncy Castle's BKS at the front of `bytes`, listed entry by entry without a password; and UBER, which is encrypted as a whole and
/// extends to the end of its file, because it has no length.
Result<Keystore> read_bouncy_keystore(ByteView bytes, bool ends_file);

}  // namespace landwaiter::detectors
