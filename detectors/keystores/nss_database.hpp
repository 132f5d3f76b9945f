// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// A cert9.db or key4.db of NSS at the front of `bytes`: certificates with their nicknames, and private keys, whose public half stands
/// in the clear. Error malformed when it is another kind of database or none. A database that is cut is read as far as it goes.
Result<Keystore> read_nss_database(ByteView bytes);
/// How much of a file NSS's database takes that begins here; nothing when it is none: its table is named near its beginning.
std::optional<std::uint64_t> nss_database_size(ByteView bytes);

}  // namespace landwaiter::detectors
