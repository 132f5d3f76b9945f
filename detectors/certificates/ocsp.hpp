// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <optional>

namespace landwaiter::detectors {

/// Describes the OCSP response (RFC 6960, 4.2.1) that fills `der`: who answered, when, what of which certificates, signed how. Its
/// certificates are not part of it: they are found as certificates. Nothing when the bytes are no successful basic response.
std::optional<Finding> describe_ocsp_response(ByteView der);

}  // namespace landwaiter::detectors
