// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// Sun's JKS and JCEKS at the front of `bytes`: aliases, dates, certificates and the keys' encryption stand in clear text. The file
/// ends with a SHA-1 over password and content. Error malformed when the first entry is none, or an empty store lacks its end;
/// a later break leaves what was read, with Keystore::problem.
Result<Keystore> read_java_keystore(ByteView bytes);

/// May an UBER begin here whose end is not in these bytes?
bool may_be_uber(ByteView bytes);

}  // namespace landwaiter::detectors
