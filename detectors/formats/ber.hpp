// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>

namespace landwaiter::detectors {

struct FromBer {
  Bytes der;
  std::size_t size = 0;  ///< bytes of the input that the element took
};

/// The element at the front of `bytes`, written again with definite and minimal lengths and with OCTET STRINGs that came in pieces
/// joined (X.690, 8.1.3 and 8.7): some programs write PKCS #12 and CMS in that way. Values are not looked at; tags above 30, elements
/// deeper than limits::der_depth_max and cut ones are refused. The result is never longer than the input by more than a few bytes
/// an element.
std::optional<FromBer> der_from_ber(ByteView bytes);

}  // namespace landwaiter::detectors
