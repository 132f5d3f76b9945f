// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <openssl/x509.h>

namespace landwaiter::detectors {

/// What links a certificate to others and limits it (RFC 5280, 4.2; RFC 6962, 3.3): `subject_key_id` and `authority_key_id` in lower-case
/// hexadecimal, `path_length`, `policies` (OIDs), `crl_urls`, `ocsp_urls`, `issuer_urls`, `has_sct`. Null or an empty list where the
/// certificate says nothing.
void add_extension_attributes(const X509* certificate, nlohmann::json& attributes);

}  // namespace landwaiter::detectors
