// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The names in Finding::attributes that more than one folder knows: detectors write them, and assessing, exports, tables or the
/// platform read them. They are spelled here and nowhere else, so that both sides mean the same. A name that only the detector knows,
/// and that reports carry as it is, stays in that detector.
///
/// Whoever reads several of them together takes a type of core/report/assets/ instead.
namespace landwaiter::attribute {

// Of every finding.
inline constexpr const char* weaknesses = "weaknesses";  ///< codes of core/assess/weaknesses.hpp
inline constexpr const char* issues = "issues";          ///< what assess() made of them
inline constexpr const char* accepted = "accepted";      ///< by whom and why, when a decision or a baseline accepts the finding
inline constexpr const char* wrapped_in = "wrapped_in";  ///< encodings around it, outermost first
inline constexpr const char* encoding = "encoding";
inline constexpr const char* format = "format";
inline constexpr const char* format_version = "format_version";
inline constexpr const char* version = "version";  ///< of a certificate, a keystore's format or a library
inline constexpr const char* publisher = "publisher";
inline constexpr const char* container = "container";
inline constexpr const char* content_type = "content_type";
inline constexpr const char* content = "content";
inline constexpr const char* content_encryption = "content_encryption";
inline constexpr const char* detached = "detached";

// Keys, and whatever holds one.
inline constexpr const char* key_type = "key_type";
inline constexpr const char* key_size_bits = "key_size_bits";
inline constexpr const char* curve = "curve";
inline constexpr const char* key_hash = "key_hash";
inline constexpr const char* modulus = "modulus";  ///< dropped before a report leaves
inline constexpr const char* spki_sha256 = "spki_sha256";
inline constexpr const char* algorithm = "algorithm";
inline constexpr const char* encrypted = "encrypted";
inline constexpr const char* encryption = "encryption";
inline constexpr const char* consistent = "consistent";
inline constexpr const char* role = "role";
inline constexpr const char* usage = "usage";        ///< of OpenPGP
inline constexpr const char* kid = "kid";            ///< of JSON web keys and tokens
inline constexpr const char* keystore = "keystore";  ///< the id of the keystore that holds it
inline constexpr const char* ssh_key_type = "ssh_key_type";
inline constexpr const char* ssh_fingerprint = "ssh_fingerprint";
inline constexpr const char* fingerprint = "fingerprint";  ///< of OpenPGP
inline constexpr const char* key_id = "key_id";
inline constexpr const char* revoked = "revoked";
inline constexpr const char* created = "created";
inline constexpr const char* matching_certificates = "matching_certificates";

// Certificates, and what is signed as they are.
inline constexpr const char* subject = "subject";
inline constexpr const char* issuer = "issuer";
inline constexpr const char* serial = "serial";
inline constexpr const char* not_before = "not_before";
inline constexpr const char* not_after = "not_after";
inline constexpr const char* subject_alternative_names = "subject_alternative_names";
inline constexpr const char* signature_algorithm = "signature_algorithm";
inline constexpr const char* signature_hash = "signature_hash";
inline constexpr const char* self_signed = "self_signed";
inline constexpr const char* self_signature = "self_signature";
inline constexpr const char* is_ca = "is_ca";
inline constexpr const char* public_root = "public_root";
inline constexpr const char* usages = "usages";
inline constexpr const char* key_usage = "key_usage";
inline constexpr const char* extended_key_usage = "extended_key_usage";
inline constexpr const char* subject_key_id = "subject_key_id";
inline constexpr const char* authority_key_id = "authority_key_id";
inline constexpr const char* path_length = "path_length";
inline constexpr const char* fingerprint_sha1 = "fingerprint_sha1";
inline constexpr const char* fingerprint_sha256 = "fingerprint_sha256";
inline constexpr const char* matching_private_keys = "matching_private_keys";
inline constexpr const char* issued_by = "issued_by";
inline constexpr const char* chain_complete = "chain_complete";
inline constexpr const char* this_update = "this_update";
inline constexpr const char* next_update = "next_update";
inline constexpr const char* produced_at = "produced_at";

// Tokens.
inline constexpr const char* audience = "audience";
inline constexpr const char* issued_at = "issued_at";
inline constexpr const char* expires = "expires";

// Keystores.
inline constexpr const char* entries = "entries";
inline constexpr const char* integrity = "integrity";
inline constexpr const char* size_bytes = "size_bytes";
inline constexpr const char* listing = "listing";
inline constexpr const char* problem = "problem";
inline constexpr const char* password = "password";  ///< the kind of password that opens it; never the password
inline constexpr const char* password_tried = "password_tried";

// Cryptographic libraries.
inline constexpr const char* library = "library";
inline constexpr const char* vendor = "vendor";
inline constexpr const char* language = "language";
inline constexpr const char* confidence = "confidence";
inline constexpr const char* linkage = "linkage";
inline constexpr const char* evidence = "evidence";
inline constexpr const char* end_of_life = "end_of_life";
inline constexpr const char* package = "package";
inline constexpr const char* purl = "purl";

// Settings of programs.
inline constexpr const char* software = "software";
inline constexpr const char* settings = "settings";
inline constexpr const char* password_in_configuration = "password_in_configuration";

}  // namespace landwaiter::attribute
