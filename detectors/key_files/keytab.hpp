// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// A key table of Kerberos (MIT's "The keytab binary file format"), version 2, or 1 with the most significant byte first: the keys of
/// services, not encrypted. The hit ends within the first record. A record is valid if its parts fill it, its names are text, and its key
/// has the length that its encryption type requires; the table ends where no record follows. `complete` is false if the table starts a
/// file and anything but zeros follows it.
void inspect_keytab(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
