// SPDX-License-Identifier: Apache-2.0
#include "core/report/assets/common.hpp"

#include "core/report/attribute_names.hpp"
#include "core/report/attributes.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::assets {

using nlohmann::json;

Form form_of(const Finding& finding) {
  return {text_attribute(finding.attributes, attribute::encoding), text_attribute(finding.attributes, attribute::format)};
}

std::optional<SystemTime> Lifetime::end() const {
  const auto end = from_rfc3339(not_after);
  return end ? end : from_rfc3339(expires);
}

Lifetime lifetime_of(const Finding& finding) {
  const json& facts = finding.attributes;
  return {text_attribute(facts, attribute::not_before), text_attribute(facts, attribute::not_after),
          text_attribute(facts, attribute::issued_at), text_attribute(facts, attribute::expires)};
}

std::vector<std::string> weaknesses_of(const Finding& finding) { return texts_attribute(finding.attributes, attribute::weaknesses); }

std::string publisher_of(const Finding& finding) { return text_attribute(finding.attributes, attribute::publisher); }

std::string opening_password_of(const Finding& finding) {
  constexpr std::array<std::string_view, 3> kinds{"none", "empty", "well-known"};
  // Any other value under that name must not be shown.
  std::string kind = text_attribute(finding.attributes, attribute::password);
  return std::ranges::find(kinds, kind) == kinds.end() ? std::string() : kind;
}

}  // namespace landwaiter::assets
