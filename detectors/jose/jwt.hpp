// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// A JOSE object in the compact form: three parts of a JWS (RFC 7515, 7.1) or five of a JWE (RFC 7516, 7.1), separated by dots.
struct CompactToken {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view whole;  ///< a view into the text
};

/// The range of a possible token whose first part contains the index `at`: the run of base64url characters and dots around it. Nothing if
/// a dot precedes the part, if the run is longer than any token, or if it continues after the text unless that is `whole`.
std::optional<CompactToken> find_compact(std::string_view text, std::size_t at, bool whole);

enum class TokenFormat {
  jwt,  ///< a JWS whose payload is a JSON object (RFC 7519)
  jws,  ///< any other payload, or a detached one
  jwe,
};

struct Token {
  TokenFormat format = TokenFormat::jws;
  nlohmann::json header;  ///< the protected header, an object with a string "alg"
  nlohmann::json claims;  ///< of a JWT, otherwise null
  bool detached = false;  ///< the payload is elsewhere
};

/// Reads the three or five parts. Strict, to distinguish tokens from other text: the header is a JSON object with a string `alg`, all
/// parts are base64url, and signature, initialization vector and tag have the algorithm's sizes. Signatures are not verified.
std::optional<Token> read_compact(std::string_view token);

/// The JSON serializations (RFC 7515, 7.2; RFC 7516, 7.2), flattened or with one signature, in the equivalent compact form; nothing if
/// the object is neither.
std::optional<std::string> compact_of(const nlohmann::json& object, const nlohmann::json& around);

}  // namespace landwaiter::detectors
