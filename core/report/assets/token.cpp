// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/token.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::assets {
namespace {

using nlohmann::json;

template <class Value, class Fields>
void visit_token(Value& token, Fields fields) {
  fields(attribute::format, token.format);
  fields(attribute::encoding, token.encoding);
  fields(attribute::algorithm, token.algorithm);
}

template <class Claims, class Fields>
void visit_claims(Claims& claims, Fields fields) {
  fields.or_null(attribute::issuer, claims.issuer);
  fields.or_null(attribute::audience, claims.audience);
  fields.or_null(attribute::issued_at, claims.issued_at);
  fields.or_null(attribute::not_before, claims.not_before);
  fields.or_null(attribute::expires, claims.expires);
  fields.or_null(attribute::publisher, claims.publisher);
}

}  // namespace

void add_attributes(const Token& value, json& attributes) { visit_token(value, FieldWriter(attributes)); }
void add_attributes(const TokenClaims& value, json& attributes) { visit_claims(value, FieldWriter(attributes)); }

Token token_of(const Finding& finding) {
  Token out;
  visit_token(out, FieldReader(finding.attributes));
  return out;
}

TokenClaims token_claims_of(const Finding& finding) {
  TokenClaims out;
  visit_claims(out, FieldReader(finding.attributes));
  return out;
}

}  // namespace landwaiter::assets
