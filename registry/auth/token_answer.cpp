// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/token_answer.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

using std::chrono::seconds;

/// RFC 6750 section 2.1: what may follow "Bearer ".
bool is_token_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// From expires_in: missing, negative and absurd values become the nearest sensible value.
seconds lifetime_of(const nlohmann::json& object) {
  double value = 0;
  if (const auto found = object.find("expires_in"); found != object.end() && found->is_number()) value = found->get<double>();
  const auto bound = [](seconds limit) { return static_cast<double>(limit.count()); };
  const double bounded = std::clamp(value, bound(limits::token_lifetime_min), bound(limits::token_lifetime_max));
  return seconds(static_cast<std::int64_t>(bounded));
}

/// How long ago the token was issued, by the clock that wrote both times.
seconds age_of(const nlohmann::json& object, std::optional<SystemTime> date) {
  const auto issued_at = from_rfc3339(text_of(object, "issued_at"));
  if (!issued_at || !date || *date <= *issued_at) return seconds(0);
  return std::min(std::chrono::duration_cast<seconds>(*date - *issued_at), limits::token_lifetime_max);
}

Result<Token> read_token(nlohmann::json& document, std::optional<SystemTime> date, SteadyTime asked_at) {
  if (!document.is_object()) return Error(ErrorCode::malformed, "the token service's answer is not an object");
  std::string text = text_of(document, "token");
  if (text.empty()) text = text_of(document, "access_token");
  const bool too_long = text.size() > limits::token_text_bytes_max;
  const bool usable = is_token_text(text);
  Token out;
  out.text = Secret(text);
  wipe(text);
  if (too_long) return Error(ErrorCode::malformed, "the token service's answer has a token that is too long for a request's header");
  if (!usable) return Error(ErrorCode::malformed, "the token service's answer has no usable token");
  out.good_until = asked_at + lifetime_of(document) - age_of(document, date);
  out.use_until = out.good_until - limits::token_early;
  return out;
}

}  // namespace

Result<Token> parse_token_answer(std::string& body, std::optional<SystemTime> date, SteadyTime asked_at) {
  auto document = parse_json(body, "the token service's answer", kJsonFields);
  wipe(body);
  if (!document) return document.error();
  auto token = read_token(*document, date, asked_at);
  wipe_texts(*document);
  return token;
}

}  // namespace landwaiter::registry
