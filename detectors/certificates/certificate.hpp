// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/report/finding.hpp"

#include <string_view>

namespace landwaiter::detectors {

/// Describes the X.509 certificate (RFC 5280, all versions) that fills `der` as a finding without occurrences. The bytes
/// are walked before OpenSSL sees them. Chains, revocation and the present time are not looked at: a report stays true however
/// old it is. `encoding` is "PEM" or "DER".
///
/// Attributes beside the obvious: `self_signed` is true when issuer and subject are the same and the signature is not
/// proven wrong; `self_signature` says which: "valid", "invalid", "unchecked" (an algorithm or size that is not
/// verified), or null when issuer and subject differ. `is_ca` follows basicConstraints, and for version 1, which has
/// none, takes a self-signed certificate as a CA. `public_root` tells of a self-signed CA whether a public programme carries it, and is
/// null for other certificates. certificate_extensions.hpp and add_public_key_attributes have the rest.
Result<Finding> describe_certificate(ByteView der, std::string_view encoding);

}  // namespace landwaiter::detectors
