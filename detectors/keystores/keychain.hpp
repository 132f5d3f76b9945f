// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// A keychain file of macOS ("login.keychain-db") at the front of `bytes`: its certificates, which are not encrypted, and the names of
/// its keys, which are. Users' passwords in it are not counted. Error malformed.
Result<Keystore> read_keychain(ByteView bytes);
/// Size of the file according to its header, or nothing if it is not a keychain.
std::optional<std::uint64_t> keychain_size(ByteView bytes);

/// A key database of IBM's GSKit (CMS, "key.kdb") at the front of `bytes`, of which only the header is known: it is assumed to fill them.
Result<Keystore> read_ibm_key_database(ByteView bytes);

}  // namespace landwaiter::detectors
