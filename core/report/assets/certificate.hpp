// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::assets {

/// What something was signed with: certificates, requests, revocation lists, OCSP responses.
struct Signature {
  std::string algorithm;  ///< OpenSSL's long name or an OID; empty when not known
  std::string hash;       ///< "SHA256"; empty if the algorithm has no separate one
};

/// What a certificate may be used for, and who says so.
struct CertificateUse {
  bool self_signed = false;
  bool is_ca = false;
  std::optional<bool> public_root;              ///< whether a public root program has it; nothing if it is not a root
  std::vector<std::string> key_usage;           ///< "digitalSignature", RFC 5280
  std::vector<std::string> extended_key_usage;  ///< "serverAuth"
  std::vector<std::string> usages;              ///< the same in the words of reports: "server", "ca"
};

/// An X.509 certificate; its key is a KeyKind and KeyIdentity (core/report/assets/key.hpp).
struct Certificate {
  std::uint64_t version = 0;
  std::string subject;  ///< RFC 4514
  std::string issuer;
  std::string serial;      ///< hexadecimal
  std::string not_before;  ///< RFC 3339; empty if it is not a time
  std::string not_after;
  std::vector<std::string> subject_alternative_names;  ///< "DNS:a"
  Signature signature;
  CertificateUse use;
  std::string subject_key_id;  ///< hexadecimal; empty when there is none
  std::string authority_key_id;
  std::string fingerprint_sha256;
  std::string fingerprint_sha1;
};

/// What an image's other findings say of a certificate.
struct CertificateLinks {
  std::string issued_by;        ///< the id of its issuer's certificate; empty when the image does not have it
  bool chain_complete = false;  ///< up to one that signs itself
};

void add_attributes(const Signature& value, nlohmann::json& attributes);
void add_attributes(const Certificate& value, nlohmann::json& attributes);
void add_attributes(const CertificateLinks& value, nlohmann::json& attributes);
Signature signature_of(const Finding& finding);
CertificateUse certificate_use_of(const Finding& finding);
Certificate certificate_of(const Finding& finding);
CertificateLinks certificate_links_of(const Finding& finding);

/// An authority that browsers and systems trust.
bool is_public_root(const Finding& finding);

/// The ids of an image's private keys with the same public key; compose() finds them.
std::vector<std::string> matching_private_keys_of(const Finding& finding);
void set_matching_private_keys(const std::vector<std::string>& ids, Finding& finding);

}  // namespace landwaiter::assets
