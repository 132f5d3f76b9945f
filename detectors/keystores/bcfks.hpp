// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// Bouncy Castle's FIPS keystore (BCFKS) at the front of `bytes`: encrypted as a whole; only its algorithms are visible. Error malformed.
Result<Keystore> read_bcfks(ByteView bytes);

}  // namespace landwaiter::detectors
