// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/keystore.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::assets {
namespace {

using nlohmann::json;

template <class Entry, class Fields>
void visit_entry(Entry& entry, Fields fields) {
  fields("alias", entry.alias);
  fields("kind", entry.kind);
  fields("encryption", entry.encryption);
  fields("certificates", entry.certificates);
  fields.or_null("key_id", entry.key_id);
  fields.or_null("created", entry.created);
}

template <class Store, class Fields>
void visit_keystore(Store& keystore, Fields fields) {
  fields(attribute::format, keystore.format);
  fields.or_null(attribute::version, keystore.version);
  fields(attribute::size_bytes, keystore.size_bytes);
  fields(attribute::encryption, keystore.encryption);
  fields(attribute::integrity, keystore.integrity);
  fields.or_null(attribute::problem, keystore.problem);
  fields(attribute::listing, keystore.listing);
  fields.or_null(attribute::password, keystore.password);
  fields.or_null(attribute::password_tried, keystore.password_tried);
}

}  // namespace

void add_attributes(const Keystore& value, json& attributes) {
  visit_keystore(value, FieldWriter(attributes));
  json& entries = attributes[attribute::entries] = json::array();
  for (const KeystoreEntry& entry : value.entries) visit_entry(entry, FieldWriter(entries.emplace_back(json::object())));
}

Keystore keystore_of(const Finding& finding) {
  Keystore out;
  visit_keystore(out, FieldReader(finding.attributes));
  const json& entries = member_or_null(finding.attributes, attribute::entries);
  if (!entries.is_array()) return out;
  for (const json& entry : entries) visit_entry(out.entries.emplace_back(), FieldReader(entry));
  return out;
}

}  // namespace landwaiter::assets
