// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/report/finding.hpp"

#include <string_view>

namespace landwaiter::detectors {

/// Describes the X.509 certificate (RFC 5280, all versions) that fills `der` as a finding without occurrences. The bytes are walked
/// before OpenSSL sees them. Chains, revocation and the current time are not considered: a report stays valid however old it is.
/// `encoding` is "PEM" or "DER".
///
/// Attributes that need an explanation: `self_signed` is true if issuer and subject are the same and the signature is not proven invalid;
/// `self_signature` says which: "valid", "invalid", "unchecked" (an algorithm or size that is not verified), or null when issuer and
/// subject differ. `is_ca` follows basicConstraints, and for version 1, which has no extensions, treats a self-signed certificate as a
/// CA. `public_root` says for a self-signed CA whether a public root program includes it, and is null for other certificates.
/// certificate_extensions.hpp and add_public_key_attributes have the rest.
Result<Finding> describe_certificate(ByteView der, std::string_view encoding);

}  // namespace landwaiter::detectors
