// SPDX-License-Identifier: Apache-2.0
#include "core/report/finding.hpp"

#include "core/base/enum_names.hpp"
#include "core/base/json.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace landwaiter {
namespace {

using nlohmann::json;

constexpr EnumNames<FindingType, 15> kTypes{{
    {FindingType::certificate, "certificate"},
    {FindingType::certificate_request, "certificate-request"},
    {FindingType::crl, "crl"},
    {FindingType::ocsp_response, "ocsp-response"},
    {FindingType::signed_data, "signed-data"},
    {FindingType::private_key, "private-key"},
    {FindingType::public_key, "public-key"},
    {FindingType::secret_key, "secret-key"},
    {FindingType::keystore, "keystore"},
    {FindingType::token, "token"},
    {FindingType::crypto_library, "crypto-library"},
    {FindingType::crypto_configuration, "crypto-configuration"},
    {FindingType::secret, "secret"},
    {FindingType::package, "package"},
    {FindingType::misconfiguration, "misconfiguration"},
}};

constexpr EnumNames<Severity, 5> kSeverities{{
    {Severity::info, "info"},
    {Severity::low, "low"},
    {Severity::medium, "medium"},
    {Severity::high, "high"},
    {Severity::critical, "critical"},
}};

constexpr EnumNames<Effect, 3> kEffects{{
    {Effect::note, "note"},
    {Effect::not_opened, "not_opened"},
    {Effect::incomplete, "incomplete"},
}};

/// For fields that must be one of a set: json's own exception type, so that readers handle one.
[[noreturn]] void reject(std::string_view field, const std::string& value) {
  throw json::other_error::create(501, "field " + std::string(field) + " cannot be \"" + value.substr(0, 120) + '"', nullptr);
}

Digest digest_field(const json& in, const char* name) {
  const auto text = in.at(name).get<std::string>();
  if (text.empty()) return {};
  auto digest = Digest::parse(text);
  if (!digest) reject(name, text);
  return *digest;
}

}  // namespace

std::string_view to_string(FindingType type) { return name_of(kTypes, type); }
std::string_view to_string(Severity severity) { return name_of(kSeverities, severity); }
std::optional<FindingType> finding_type_from(std::string_view name) { return value_of(kTypes, name); }
std::optional<Severity> severity_from(std::string_view name) { return value_of(kSeverities, name); }

std::string_view to_string(Effect effect) { return name_of(kEffects, effect); }
std::optional<Effect> effect_from(std::string_view name) { return value_of(kEffects, name); }

std::string_view to_string(Where where) {
  switch (where) {
    case Where::file: return "file";
    case Where::config: return "config";
    case Where::manifest: return "manifest";
  }
  return "file";
}

std::strong_ordering Occurrence::operator<=>(const Occurrence& other) const {
  const auto key = [](const Occurrence& each) {
    return std::tie(each.where, each.path, each.archive, each.offset, each.layer, each.deleted_by, each.line);
  };
  return key(*this) <=> key(other);
}

std::string place_text(const Occurrence& occurrence) {
  std::string text = occurrence.path;
  if (occurrence.where != Where::file) text = std::string(to_string(occurrence.where)) + (text.empty() ? "" : " ") + text;
  for (const std::string& entry : occurrence.archive) text += " > " + entry;
  return text;
}

void to_json(json& out, const Occurrence& value) {
  if (value.where != Where::file) {
    out = json{{to_string(value.where), value.path}, {"offset", value.offset}};
    return;
  }
  out = json{{"path", value.path}, {"archive", value.archive}, {"offset", value.offset}, {"layer", value.layer.str()}};
  out["deleted_by"] = value.deleted_by ? json(value.deleted_by->str()) : json(nullptr);
  if (value.line) out["line"] = *value.line;
}

void from_json(const json& in, Occurrence& value) {
  value = {};
  read_count(in, "offset", value.offset);
  for (const Where document : {Where::config, Where::manifest}) {
    const auto place = in.find(to_string(document));
    if (place == in.end()) continue;
    value.where = document;
    place->get_to(value.path);
    return;
  }
  in.at("path").get_to(value.path);
  in.at("archive").get_to(value.archive);
  value.layer = digest_field(in, "layer");
  // Reports of older versions have none.
  if (in.contains("line")) read_count(in, "line", value.line.emplace());
  if (!in.contains("deleted_by") || in["deleted_by"].is_null()) return;
  const Digest layer = digest_field(in, "deleted_by");
  if (!layer.empty()) value.deleted_by = layer;
}

void to_json(json& out, const Finding& value) {
  out = json{{"type", to_string(value.type)},
             {"id", value.id},
             {"severity", to_string(value.severity)},
             {"title", value.title},
             {"attributes", value.attributes},
             {"occurrences", value.occurrences},
             {"detector", value.detector}};
}

void from_json(const json& in, Finding& value) {
  const auto type = in.at("type").get<std::string>();
  const auto severity = in.at("severity").get<std::string>();
  const auto known_type = finding_type_from(type);
  const auto known_severity = severity_from(severity);
  if (!known_type) reject("type", type);
  if (!known_severity) reject("severity", severity);
  value.type = *known_type;
  value.severity = *known_severity;
  in.at("id").get_to(value.id);
  in.at("title").get_to(value.title);
  value.attributes = in.at("attributes");
  if (!value.attributes.is_object()) reject("attributes", value.attributes.type_name());
  in.at("occurrences").get_to(value.occurrences);
  in.at("detector").get_to(value.detector);
}

void to_json(json& out, const Diagnostic& value) {
  out = json{{"code", to_string(value.code)}, {"message", value.message},   {"path", value.path},
             {"archive", value.archive},      {"layer", value.layer.str()}, {"effect", to_string(value.effect)}};
}

void from_json(const json& in, Diagnostic& value) {
  const auto code = in.at("code").get<std::string>();
  const auto known = error_code_from(code);
  if (!known) reject("code", code);
  value.code = *known;
  in.at("message").get_to(value.message);
  in.at("path").get_to(value.path);
  in.at("archive").get_to(value.archive);
  value.layer = digest_field(in, "layer");
  // Reports of older versions have none.
  const auto effect = in.value("effect", std::string(to_string(effect_of(value.code))));
  const auto known_effect = effect_from(effect);
  if (!known_effect) reject("effect", effect);
  value.effect = *known_effect;
}

void LeftOutDiagnostics::add(Effect effect) {
  ++count;
  worst = std::max(worst, effect);
}

Diagnostic LeftOutDiagnostics::line() const {
  return {.code = ErrorCode::limit_exceeded,
          .message = std::to_string(count) + " more diagnostics are left out (diagnostics_per_layer_max)",
          .path = {},
          .archive = {},
          .layer = {},
          .effect = worst};
}

void sort_for_people(std::vector<Finding>& findings) {
  std::ranges::sort(findings, [](const Finding& a, const Finding& b) {
    // Severity falls, the rest rises.
    return std::tie(b.severity, a.type, a.title, a.id) < std::tie(a.severity, b.type, b.title, b.id);
  });
}

}  // namespace landwaiter
