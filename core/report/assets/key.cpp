// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/key.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::assets {
namespace {

using nlohmann::json;

template <class Kind, class Fields>
void visit_kind(Kind& kind, Fields fields) {
  fields.or_null(attribute::key_type, kind.type);
  fields.or_null(attribute::key_size_bits, kind.size_bits);
  fields.or_null(attribute::curve, kind.curve);
}

template <class Identity, class Fields>
void visit_identity(Identity& identity, Fields fields) {
  fields.or_null(attribute::key_hash, identity.hash);
  fields.if_any(attribute::modulus, identity.modulus);
  fields.or_null(attribute::spki_sha256, identity.spki_sha256);
}

template <class Key, class Fields>
void visit_private(Key& key, Fields fields) {
  fields(attribute::encoding, key.encoding);
  fields(attribute::format, key.format);
  fields(attribute::encrypted, key.encrypted);
  fields(attribute::encryption, key.encryption);
  fields.or_null(attribute::publisher, key.publisher);
}

}  // namespace

void add_attributes(const KeyKind& value, json& attributes) { visit_kind(value, FieldWriter(attributes)); }
void add_attributes(const KeyIdentity& value, json& attributes) { visit_identity(value, FieldWriter(attributes)); }
void add_attributes(const PrivateKey& value, json& attributes) { visit_private(value, FieldWriter(attributes)); }

KeyKind key_kind_of(const Finding& finding) {
  KeyKind out;
  visit_kind(out, FieldReader(finding.attributes));
  return out;
}

KeyIdentity key_identity_of(const Finding& finding) {
  KeyIdentity out;
  visit_identity(out, FieldReader(finding.attributes));
  return out;
}

PrivateKey private_key_of(const Finding& finding) {
  PrivateKey out;
  visit_private(out, FieldReader(finding.attributes));
  return out;
}

bool is_encrypted(const Finding& finding) { return flag_attribute(finding.attributes, attribute::encrypted); }

std::vector<std::string> matching_certificates_of(const Finding& finding) {
  return texts_attribute(finding.attributes, attribute::matching_certificates);
}

void set_matching_certificates(const std::vector<std::string>& ids, Finding& finding) {
  finding.attributes[attribute::matching_certificates] = ids;
}

}  // namespace landwaiter::assets
