// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/private_key.hpp"

#include <string_view>

namespace landwaiter::detectors {

/// The self-test, benchmark, test suite or example that this private key belongs to, if it is one that well-known packages and
/// specifications publish; otherwise empty. Everyone has such a key: in that program it is not meant to protect anything, and elsewhere
/// it cannot.
std::string_view publisher_of(const PrivateKey& key);

}  // namespace landwaiter::detectors
