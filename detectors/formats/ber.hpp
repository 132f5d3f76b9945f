// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>

namespace landwaiter::detectors {

struct FromBer {
  Bytes der;
  std::size_t size = 0;  ///< bytes of the input that the element took
};

/// The element at the front of `bytes`, rewritten with definite and minimal lengths and with OCTET STRINGs joined from their pieces
/// (X.690, 8.1.3 and 8.7): some programs write PKCS #12 and CMS this way. Values are not checked; tags above 30, elements deeper than
/// limits::der_depth_max and truncated ones are rejected. The result is longer than the input by at most a few bytes per element.
std::optional<FromBer> der_from_ber(ByteView bytes);

}  // namespace landwaiter::detectors
