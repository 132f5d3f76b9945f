// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <optional>

namespace landwaiter::detectors {

/// Describes the ContentInfo of CMS (RFC 5652; PKCS #7 before it, RFC 2315) that fills `der`, when it holds SignedData, EnvelopedData or
/// AuthEnvelopedData (RFC 5083). Attributes: `content` says which; for SignedData `content_type` ("data", "authenticode",
/// "time-stamp-token", OpenSSL's name or the OID), `detached`, `signers` (issuer and serial or subject_key_id, digest_algorithm,
/// signature_algorithm, signing_time, timestamped), `signers_count`, `certificates`, `crls` (counts: the certificates are reported on
/// their own); for the others `recipients`, `recipients_count` and `content_encryption`. Signatures are not verified: that would need the
/// content and a date.
std::optional<Finding> describe_cms(ByteView der);

}  // namespace landwaiter::detectors
