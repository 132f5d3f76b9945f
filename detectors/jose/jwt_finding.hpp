// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/jose/jwt.hpp"

namespace landwaiter::detectors {

/// Describes a token as a finding: its purpose, issuer, expiry and weaknesses; no part of its signature, and only the claims about the
/// token itself, the others by name. Its id is a keyed hash of `compact`.
Finding describe_token(const Token& token, std::string_view compact, std::string_view encoding, FindingSink& sink);

/// The text of `object`'s field as an attribute; null when there is none, or it is no text.
nlohmann::json text_or_null(const nlohmann::json& object, const char* name);

}  // namespace landwaiter::detectors
