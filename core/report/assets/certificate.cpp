// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/certificate.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::assets {
namespace {

using nlohmann::json;

template <class Value, class Fields>
void visit_signature(Value& signature, Fields fields) {
  fields.or_null(attribute::signature_algorithm, signature.algorithm);
  fields.or_null(attribute::signature_hash, signature.hash);
}

template <class Use, class Fields>
void visit_use(Use& use, Fields fields) {
  fields(attribute::self_signed, use.self_signed);
  fields(attribute::is_ca, use.is_ca);
  fields.or_null(attribute::public_root, use.public_root);
  fields(attribute::key_usage, use.key_usage);
  fields(attribute::extended_key_usage, use.extended_key_usage);
  fields(attribute::usages, use.usages);
}

template <class Value, class Fields>
void visit_certificate(Value& certificate, Fields fields) {
  fields(attribute::version, certificate.version);
  fields(attribute::subject, certificate.subject);
  fields(attribute::issuer, certificate.issuer);
  fields(attribute::serial, certificate.serial);
  fields.or_null(attribute::not_before, certificate.not_before);
  fields.or_null(attribute::not_after, certificate.not_after);
  fields(attribute::subject_alternative_names, certificate.subject_alternative_names);
  visit_signature(certificate.signature, fields);
  visit_use(certificate.use, fields);
  fields.or_null(attribute::subject_key_id, certificate.subject_key_id);
  fields.or_null(attribute::authority_key_id, certificate.authority_key_id);
  fields(attribute::fingerprint_sha256, certificate.fingerprint_sha256);
  fields(attribute::fingerprint_sha1, certificate.fingerprint_sha1);
}

template <class Links, class Fields>
void visit_links(Links& links, Fields fields) {
  fields.or_null(attribute::issued_by, links.issued_by);
  fields(attribute::chain_complete, links.chain_complete);
}

}  // namespace

void add_attributes(const Signature& value, json& attributes) { visit_signature(value, FieldWriter(attributes)); }
void add_attributes(const Certificate& value, json& attributes) { visit_certificate(value, FieldWriter(attributes)); }
void add_attributes(const CertificateLinks& value, json& attributes) { visit_links(value, FieldWriter(attributes)); }

Signature signature_of(const Finding& finding) {
  Signature out;
  visit_signature(out, FieldReader(finding.attributes));
  return out;
}

CertificateUse certificate_use_of(const Finding& finding) {
  CertificateUse out;
  visit_use(out, FieldReader(finding.attributes));
  return out;
}

Certificate certificate_of(const Finding& finding) {
  Certificate out;
  visit_certificate(out, FieldReader(finding.attributes));
  return out;
}

CertificateLinks certificate_links_of(const Finding& finding) {
  CertificateLinks out;
  visit_links(out, FieldReader(finding.attributes));
  return out;
}

bool is_public_root(const Finding& finding) { return flag_attribute(finding.attributes, attribute::public_root); }

std::vector<std::string> matching_private_keys_of(const Finding& finding) {
  return texts_attribute(finding.attributes, attribute::matching_private_keys);
}

void set_matching_private_keys(const std::vector<std::string>& ids, Finding& finding) {
  finding.attributes[attribute::matching_private_keys] = ids;
}

}  // namespace landwaiter::assets
