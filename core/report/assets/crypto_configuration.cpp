// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/crypto_configuration.hpp"

#include "core/report/assets/fields.hpp"
#include "core/report/attribute_names.hpp"

namespace landwaiter::assets {
namespace {

using nlohmann::json;

constexpr const char* kProtocols = "protocols";
constexpr const char* kDirectives = "directives";

template <class Bounds, class Fields>
void visit_protocols(Bounds& protocols, Fields fields) {
  fields("enabled", protocols.enabled);
  fields("disabled", protocols.disabled);
  fields.or_null("minimum", protocols.minimum);
  fields.or_null("maximum", protocols.maximum);
}

template <class Configuration, class Fields>
void visit_settings(Configuration& configuration, Fields fields) {
  fields.or_null("ciphers", configuration.ciphers);
  fields("providers", configuration.providers);
}

template <class Configuration, class Fields>
void visit_configuration(Configuration& configuration, Fields fields) {
  fields(attribute::software, configuration.software);
  fields(attribute::password_in_configuration, configuration.password_in_configuration);
}

}  // namespace

void add_attributes(const CryptoConfiguration& value, json& attributes) {
  visit_configuration(value, FieldWriter(attributes));
  json& settings = attributes[attribute::settings] = json::object();
  visit_settings(value, FieldWriter(settings));
  visit_protocols(value.protocols, FieldWriter(settings[kProtocols]));
  settings[kDirectives] = value.directives;
}

CryptoConfiguration crypto_configuration_of(const Finding& finding) {
  CryptoConfiguration out;
  visit_configuration(out, FieldReader(finding.attributes));
  const json& settings = member_or_null(finding.attributes, attribute::settings);
  visit_settings(out, FieldReader(settings));
  visit_protocols(out.protocols, FieldReader(member_or_null(settings, kProtocols)));
  const json& directives = member_or_null(settings, kDirectives);
  if (!directives.is_object()) return out;
  for (const auto& [name, values] : directives.items()) out.directives[name] = texts_attribute(directives, name.c_str());
  return out;
}

}  // namespace landwaiter::assets
