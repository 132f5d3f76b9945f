// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <string_view>

namespace landwaiter::detectors {

/// The usual name of a key or signature algorithm that OpenSSL 3.0 does not know or gives a long name, by its object identifier's
/// content: ML-KEM, ML-DSA, SLH-DSA (NIST's arcs; RFC 9881, RFC 9909, RFC 9935), HSS/LMS and XMSS (RFC 9802), Falcon and Dilithium (as
/// liboqs and Bouncy Castle number them), composite ML-DSA, GOST R 34.10. Empty for any other.
std::string_view algorithm_name(ByteView oid_content);

}  // namespace landwaiter::detectors
