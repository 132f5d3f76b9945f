// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/formats/openssl_ptr.hpp"

#include <nlohmann/json.hpp>

#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace landwaiter::detectors {

/// The certificate's one extension of this kind; null when it has none, several or a broken one.
template <class T, auto function>
std::unique_ptr<T, OpensslFree<function>> x509_extension(const X509* certificate, int nid) {
  return std::unique_ptr<T, OpensslFree<function>>(static_cast<T*>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}

/// What links a certificate to others (RFC 5280, 4.2.1.1 and 4.2.1.2), in lower-case hexadecimal; empty when it does not say.
std::string subject_key_id(const X509* certificate);
std::string authority_key_id(const X509* certificate);

/// What else its extensions say (RFC 5280, 4.2; RFC 6962, 3.3): `path_length`, `policies` (OIDs), `crl_urls`, `ocsp_urls`, `issuer_urls`,
/// `has_sct`. Null or an empty list if the certificate does not say.
void add_extension_attributes(const X509* certificate, nlohmann::json& attributes);

}  // namespace landwaiter::detectors
