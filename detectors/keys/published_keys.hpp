// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/private_key.hpp"

#include <string_view>

namespace landwaiter::detectors {

/// Whose self-test, benchmark, test suite or example this private key belongs to, when it is one that well-known packages and
/// specifications publish; empty else. Everybody has such a key: as part of that program it protects nothing, anywhere else
/// it protects nobody.
std::string_view publisher_of(const PrivateKey& key);

}  // namespace landwaiter::detectors
