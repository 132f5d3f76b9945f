// SPDX-License-Identifier: Apache-2.0
#include "detectors/jose/jwt_finding.hpp"

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/report/assets/token.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/x509_text.hpp"

#include <cmath>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// Maximum number of headers and claims in a report; real tokens have fewer than thirty.
constexpr std::size_t kClaimNamesMax = 64;
constexpr std::size_t kAudiencesMax = 16;
/// A leap year. Nobody rotates a token that is valid longer.
constexpr double kLifetimeMax = 366.0 * 24 * 3600;

json names_of(const json& object) {
  json names = json::array();
  for (const auto& [name, value] : object.items()) {
    if (names.size() == kClaimNamesMax) break;
    names.push_back(attribute_text(std::string_view(name).substr(0, 128)));
  }
  return names;
}

/// Empty when the claim is missing or no text.
std::string text_of(const json& object, const char* name) {
  const json text = text_or_null(object, name);
  return text.is_string() ? text.get<std::string>() : std::string();
}

std::vector<std::string> audience_of(const json& claims) {
  std::vector<std::string> out;
  const auto found = claims.find("aud");
  if (found == claims.end()) return out;
  if (found->is_string()) out.push_back(attribute_text(found->get_ref<const std::string&>()));
  if (!found->is_array()) return out;
  for (const json& one : *found) {
    if (one.is_string() && out.size() < kAudiencesMax) out.push_back(attribute_text(one.get_ref<const std::string&>()));
  }
  return out;
}

/// NumericDate (RFC 7519, 2): seconds, maybe with a fraction.
std::optional<double> date(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds < static_cast<double>(kYear10000))) return std::nullopt;
  return seconds;
}

std::string date_text(const json& claims, const char* name) {
  const auto seconds = date(claims, name);
  if (!seconds) return {};
  return to_rfc3339(from_unix_us(static_cast<std::int64_t>(std::floor(*seconds)) * 1'000'000));
}

json account(const json& namespace_name, const json& name) {
  if (!namespace_name.is_string() || !name.is_string()) return nullptr;
  return attribute_text(namespace_name.get<std::string>() + '/' + name.get<std::string>());
}

/// Bound tokens have an object "kubernetes.io", the older ones in secrets have claims with long names.
json kubernetes_account(const json& claims) {
  const auto bound = claims.find("kubernetes.io");
  if (bound != claims.end() && bound->is_object()) {
    const json service = bound->value("serviceaccount", json());
    return service.is_object() ? account(bound->value("namespace", json()), service.value("name", json())) : json(nullptr);
  }
  return account(claims.value("kubernetes.io/serviceaccount/namespace", json()),
                 claims.value("kubernetes.io/serviceaccount/service-account.name", json()));
}

/// The claims of tokens from documentation, even if signed again with another key.
std::string_view publisher_of(const json& claims) {
  const auto is = [&](const char* name, const json& value) {
    const auto found = claims.find(name);
    return found != claims.end() && *found == value;
  };
  if (is("sub", "1234567890") && is("name", "John Doe")) return "jwt.io";
  if (is("iss", "joe") && is("exp", 1300819380)) return "RFC 7519";
  return {};
}

bool holds_long(const json& claims) {
  const auto end = date(claims, "exp");
  const auto begin = date(claims, claims.contains("iat") ? "iat" : "nbf");
  return end && begin && *end - *begin > kLifetimeMax;
}

assets::TokenClaims claims_of(const json& claims) {
  return {text_of(claims, "iss"),   audience_of(claims),      date_text(claims, "iat"),
          date_text(claims, "nbf"), date_text(claims, "exp"), std::string(publisher_of(claims))};
}

void add_claims(const json& claims, json& attributes) {
  add_attributes(claims_of(claims), attributes);
  attributes["claim_names"] = names_of(claims);
  attributes["has_subject"] = claims.contains("sub");
  if (const json name = kubernetes_account(claims); name.is_string()) attributes["kubernetes_service_account"] = name;
  json& weaknesses = attributes[attribute::weaknesses];
  if (!claims.contains("exp")) weaknesses.push_back("no-expiry");
  if (holds_long(claims)) weaknesses.push_back("long-lived-token");
}

std::string token_title(const assets::Token& token, const json& claims) {
  std::string title = token.format + ' ' + token.algorithm;
  if (const json name = kubernetes_account(claims); name.is_string()) {
    return title_text(title + " of Kubernetes service account " + name.get<std::string>());
  }
  if (claims.contains("iss") && claims["iss"].is_string()) title += " by " + text_of(claims, "iss");
  return title_text(title);
}

std::string_view format_name(TokenFormat format) { return format == TokenFormat::jwt ? "JWT" : format == TokenFormat::jwe ? "JWE" : "JWS"; }

}  // namespace

json text_or_null(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return nullptr;
  return attribute_text(found->get_ref<const std::string&>());
}

Finding describe_token(const Token& token, std::string_view compact, std::string_view encoding, FindingSink& sink) {
  Finding finding;
  finding.type = FindingType::token;
  finding.id = sink.secret_id(as_bytes(compact));
  finding.severity = token.format == TokenFormat::jws ? Severity::info : Severity::medium;
  json& attributes = finding.attributes;
  const std::string algorithm = token.header["alg"].get<std::string>();
  const assets::Token asset{std::string(format_name(token.format)), std::string(encoding), attribute_text(algorithm)};
  add_attributes(asset, attributes);
  attributes["symmetric"] =
      algorithm.starts_with("HS") || algorithm == "dir" || algorithm.starts_with("A") || algorithm.starts_with("PBES2");
  attributes["encryption_algorithm"] = text_or_null(token.header, "enc");
  attributes["typ"] = text_or_null(token.header, "typ");
  attributes[attribute::kid] = text_or_null(token.header, "kid");
  attributes["header_names"] = names_of(token.header);
  attributes[attribute::weaknesses] = json::array();
  const std::string lower = to_lower(algorithm);
  if (lower == "none") attributes[attribute::weaknesses].push_back("alg-none");
  if (algorithm == "RSA1_5") attributes[attribute::weaknesses].push_back("weak-algorithm");
  if (algorithm == "RS1") attributes[attribute::weaknesses].push_back("sha1-signature");
  if (token.format == TokenFormat::jws) attributes[attribute::detached] = token.detached;
  if (token.format == TokenFormat::jwt) {
    add_claims(token.claims, attributes);
    if (!publisher_of(token.claims).empty()) finding.severity = Severity::info;
  }
  finding.title = token_title(asset, token.format == TokenFormat::jwt ? token.claims : json::object());
  if (finding.severity == Severity::info && token.format == TokenFormat::jwt) finding.title += ", published example";
  return finding;
}

}  // namespace landwaiter::detectors
