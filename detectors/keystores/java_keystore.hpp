// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// Sun's JKS and JCEKS at the front of `bytes`: aliases, dates, certificates and the keys' encryption are in clear text. The file ends
/// with a SHA-1 over password and content. Error malformed if the first entry is invalid, or an empty store lacks its end; after a later
/// error, the entries so far are kept, with Keystore::problem.
Result<Keystore> read_java_keystore(ByteView bytes);

/// Whether an UBER keystore may start here whose end is outside these bytes.
bool may_be_uber(ByteView bytes);

}  // namespace landwaiter::detectors
