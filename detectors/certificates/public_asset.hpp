// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// Each describes the one structure that fills `der`, after checking it; nothing if it is not one. The findings have no occurrence yet.
/// `encoding` is "PEM" or "DER".

/// A certificate request (RFC 2986).
std::optional<Finding> describe_request(ByteView der, std::string_view encoding);
/// A revocation list (RFC 5280, 5.1).
std::optional<Finding> describe_revocation_list(ByteView der, std::string_view encoding);
/// A SubjectPublicKeyInfo.
std::optional<Finding> describe_public_key(ByteView der, std::string_view encoding);
/// An RSAPublicKey (RFC 8017, A.1.1).
std::optional<Finding> describe_pkcs1_public_key(ByteView der, std::string_view encoding);

}  // namespace landwaiter::detectors
