// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// Somebody decided to live with something.
struct Acceptance {
  std::string reason;
  std::string by;       ///< where it is written, as "FILE:LINE"
  std::string until{};  ///< RFC 3339; empty: for good

  bool operator==(const Acceptance&) const = default;
};

void to_json(nlohmann::json& out, const Acceptance& value);
/// The acceptance that is the member `accepted` of `owner`, an issue's JSON or a finding's attributes.
std::optional<Acceptance> acceptance_in(const nlohmann::json& owner);

/// Why a finding needs attention, and what to do.
struct Issue {
  std::string code;  ///< stable, in kebab-case
  Severity severity = Severity::info;
  std::string reason;  ///< one sentence with the facts
  std::string remedy;
  std::optional<Acceptance> accepted{};

  bool operator==(const Issue&) const = default;
};

void to_json(nlohmann::json& out, const Issue& value);

/// What a weakness code of a detector means. An unknown code becomes an issue of medium severity, so that a newer detector's weakness is
/// not lost because this list is older.
Issue weakness_issue(std::string_view code);
bool weakness_known(std::string_view code);

/// Keys of this type with fewer bits are short: 112 bits of security (SP 800-57). Their codes are "rsa-1024".
struct ShortKeyKind {
  std::string_view type;
  std::size_t bits_needed = 0;
};
std::span<const ShortKeyKind> short_key_kinds();
/// All codes except those of short keys, which follow a pattern ("rsa-1024").
std::vector<std::string_view> weakness_codes();

}  // namespace landwaiter
