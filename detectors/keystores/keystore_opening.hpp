// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/keystores/keystore.hpp"

namespace landwaiter::detectors {

/// Tries the well-known passwords on a keystore and on the private keys in it. A match is recorded in the keystore, its contents are
/// listed as far as the password decrypts them, and the ids of private keys are taken from the keys themselves. Returns findings for
/// everything that is not readable in the file itself: decrypted private keys, and certificates that were encrypted or fragmented. Keys
/// live only during the call.
std::vector<Finding> open_keystore(Keystore& keystore, FindingSink& sink, Guesser& guesser);

}  // namespace landwaiter::detectors
