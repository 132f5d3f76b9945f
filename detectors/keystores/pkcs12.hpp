// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// A PFX (RFC 7292) at the front of `bytes`, in DER or BER. Encrypted parts are described by their algorithm; unencrypted bags are listed
/// (Java's own trust store since JDK 18 is unencrypted, without a MAC). Error malformed.
Result<Keystore> read_pkcs12(ByteView bytes);

}  // namespace landwaiter::detectors
