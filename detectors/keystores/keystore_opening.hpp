// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// Tries the well-known passwords on a keystore and on the private keys in it. What fits is noted in the keystore, its contents listed
/// as far as the password reaches, and the ids of private keys taken from the keys themselves. Returns, as findings, what has no bytes
/// of its own in the clear: private keys that were opened, certificates that were encrypted or written in pieces. Keys live only
/// during the call.
std::vector<Finding> open_keystore(Keystore& keystore, const DetectorContext& context, Guesser& guesser);

}  // namespace landwaiter::detectors
