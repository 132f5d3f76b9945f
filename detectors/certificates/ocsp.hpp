// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <optional>

namespace landwaiter::detectors {

/// Describes the OCSP response (RFC 6960, 4.2.1) that fills `der`: who answered, when, the status of which certificates, and the
/// signature. The certificates in it are reported on their own. Nothing if the bytes are not a successful basic response.
std::optional<Finding> describe_ocsp_response(ByteView der);

}  // namespace landwaiter::detectors
