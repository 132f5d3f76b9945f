// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string>

namespace landwaiter::detectors {

/// OpenSSL's name of the curve that a SpecifiedECDomain (SEC 1, C.2), a whole element, specifies explicitly: field, coefficients,
/// generator, order and cofactor are all the same. Empty if there is no such curve, or if its field is unrealistically large.
std::string equal_named_curve(ByteView parameters);

}  // namespace landwaiter::detectors
