// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

namespace landwaiter::detectors {

/// Whether these octets may be a bare random key or a point: as varied as random ones, not mostly text, and not the beginning of other
/// keys. Programs contain the constant prefixes of such keys, followed by anything, often by each other.
bool may_be_key_octets(ByteView octets);

}  // namespace landwaiter::detectors
