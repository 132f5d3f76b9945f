// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// A cert9.db or key4.db of NSS at the front of `bytes`: certificates with their nicknames, and private keys, whose public half is not
/// encrypted. Error malformed if it is another kind of database or not a database. A truncated database is read as far as possible.
Result<Keystore> read_nss_database(ByteView bytes);
/// Size of the NSS database that starts here; nothing if it is not one: its table is named near its start.
std::optional<std::uint64_t> nss_database_size(ByteView bytes);

}  // namespace landwaiter::detectors
