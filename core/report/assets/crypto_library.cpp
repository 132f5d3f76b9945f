// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/crypto_library.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::assets {
namespace {

using nlohmann::json;

template <class Library, class Fields>
void visit_library(Library& library, Fields fields) {
  fields(attribute::library, library.name);
  fields.or_null(attribute::version, library.version);
  fields.or_null(attribute::vendor, library.vendor);
  fields.or_null(attribute::language, library.language);
  fields(attribute::confidence, library.confidence);
  fields(attribute::linkage, library.linkage);
  fields.or_null(attribute::end_of_life, library.end_of_life);
  fields.if_any(attribute::purl, library.purl);
}

template <class Evidence, class Fields>
void visit_evidence(Evidence& evidence, Fields fields) {
  fields("kind", evidence.kind);
  fields("value", evidence.value);
}

template <class Package, class Fields>
void visit_package(Package& package, Fields fields) {
  fields("name", package.name);
  fields("version", package.version);
}

}  // namespace

void add_attributes(const CryptoLibrary& value, json& attributes) {
  visit_library(value, FieldWriter(attributes));
  json& evidence = attributes[attribute::evidence] = json::array();
  for (const LibraryEvidence& each : value.evidence) visit_evidence(each, FieldWriter(evidence.emplace_back(json::object())));
  if (value.package) visit_package(*value.package, FieldWriter(attributes[attribute::package]));
}

CryptoLibrary crypto_library_of(const Finding& finding) {
  CryptoLibrary out;
  visit_library(out, FieldReader(finding.attributes));
  const json& evidence = member_or_null(finding.attributes, attribute::evidence);
  if (evidence.is_array()) {
    for (const json& each : evidence) visit_evidence(out.evidence.emplace_back(), FieldReader(each));
  }
  const json& package = member_or_null(finding.attributes, attribute::package);
  if (package.is_object()) visit_package(out.package.emplace(), FieldReader(package));
  return out;
}

}  // namespace landwaiter::assets
