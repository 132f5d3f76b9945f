// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <optional>

namespace landwaiter::detectors {

/// Diffie-Hellman parameters in PEM: DHParameter of PKCS #3, DomainParameters of X9.42 (RFC 3279, 2.3.3). Servers are configured to use
/// them, so they are a configuration; fewer than 2,048 bits are "short-dh". Nothing unless such a structure fills `der`.
std::optional<Finding> describe_dh_parameters(ByteView der);

}  // namespace landwaiter::detectors
