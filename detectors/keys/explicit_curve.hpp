// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string>

namespace landwaiter::detectors {

/// OpenSSL's name of the curve that a SpecifiedECDomain (SEC 1, C.2), a whole element, spells out: field, coefficients, generator,
/// order and cofactor are all the same. Empty when there is no such curve, or its field is larger than real ones.
std::string equal_named_curve(ByteView parameters);

}  // namespace landwaiter::detectors
