// SPDX-License-Identifier: Apache-2.0
#include "core/wire/credentials.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/nearest.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace landwaiter {
namespace {

using nlohmann::json;
using Kind = Credentials::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 6> kCredentialKinds{{
    {Kind::anonymous, "anonymous"},
    {Kind::basic, "basic"},
    {Kind::token, "token"},
    {Kind::aws, "aws"},
    {Kind::azure, "azure"},
    {Kind::google, "google"},
}};

/// One field of one kind: exactly one of `text` and `secret` is set.
struct Field {
  Kind kind;
  const char* name;
  std::string Credentials::*text;
  Secret Credentials::*secret;
  bool needed;
};

const std::array<Field, 14> kFields{{
    {Kind::basic, "username", &Credentials::username, nullptr, true},
    {Kind::basic, "password", nullptr, &Credentials::password, false},
    {Kind::token, "username", &Credentials::username, nullptr, false},
    {Kind::token, "token", nullptr, &Credentials::token, true},
    {Kind::aws, "aws_access_key_id", &Credentials::aws_access_key_id, nullptr, true},
    {Kind::aws, "aws_secret_access_key", nullptr, &Credentials::aws_secret_access_key, true},
    {Kind::aws, "aws_session_token", nullptr, &Credentials::aws_session_token, false},
    {Kind::aws, "aws_role_arn", &Credentials::aws_role_arn, nullptr, false},
    {Kind::aws, "aws_external_id", &Credentials::aws_external_id, nullptr, false},
    {Kind::aws, "aws_region", &Credentials::aws_region, nullptr, false},
    {Kind::azure, "azure_tenant_id", &Credentials::azure_tenant_id, nullptr, true},
    {Kind::azure, "azure_client_id", &Credentials::azure_client_id, nullptr, true},
    {Kind::azure, "azure_client_secret", nullptr, &Credentials::azure_client_secret, true},
    {Kind::google, "google_key_json", nullptr, &Credentials::google_key_json, true},
}};

std::string take_text(json& document, const char* name) {
  const auto found = document.find(name);
  if (found == document.end() || found->is_null()) return {};
  return found->get<std::string>();
}

/// Google's key is itself a JSON document; ours may contain it as a string or as an object.
Secret take_secret(json& document, const Field& field) {
  const auto found = document.find(field.name);
  if (field.kind == Kind::google && found != document.end() && found->is_object()) return Secret(dump_json(*found));
  return Secret(take_text(document, field.name));
}

/// A key file as downloaded from Google.
bool is_google_key_file(const json& document) {
  const auto type = document.find("type");
  return type != document.end() && *type == "service_account" && document.contains("private_key");
}

Result<Kind> kind_from(const std::string& name) {
  const auto found = std::ranges::find(kCredentialKinds, std::string_view(name), &std::pair<Kind, std::string_view>::second);
  if (found != kCredentialKinds.end()) return found->first;
  return Error(ErrorCode::invalid_argument, "credentials: the kind must be anonymous, basic, token, aws, azure or google");
}

Result<void> read_fields(json& document, Credentials& out) {
  for (const Field& field : kFields) {
    if (field.kind != out.kind) continue;
    if (field.text != nullptr) out.*field.text = take_text(document, field.name);
    else out.*field.secret = take_secret(document, field);
    const bool empty = field.text != nullptr ? (out.*field.text).empty() : (out.*field.secret).empty();
    if (empty && field.needed) {
      return Error(ErrorCode::invalid_argument,
                   "credentials of kind " + std::string(to_string(out.kind)) + " need the field " + field.name);
    }
  }
  return {};
}

/// A mistyped field would be a login that is not sent. Its name is repeated, never its value.
Result<void> check_names(const json& document, const std::string& kind) {
  std::vector<std::string_view> known{"kind"};
  for (const Field& field : kFields) {
    const bool of_login = field.kind == Kind::basic || field.kind == Kind::token;
    if (kind.empty() ? of_login : to_string(field.kind) == kind) known.emplace_back(field.name);
  }
  for (const auto& member : document.items()) {
    if (std::ranges::find(known, member.key()) != known.end()) continue;
    const std::string of = kind.empty() ? "" : " for credentials of kind " + kind;
    return Error(ErrorCode::invalid_argument,
                 "credentials: unknown field " + landwaiter::quoted(member.key()) + of + did_you_mean(member.key(), known));
  }
  return {};
}

Result<Credentials> read_document(json& document) {
  if (!document.is_object()) return Error(ErrorCode::malformed, "credentials: not a JSON object");
  Credentials out;
  if (is_google_key_file(document)) {
    out.kind = Kind::google;
    out.google_key_json = Secret(dump_json(document));
    return out;
  }
  const std::string kind = take_text(document, "kind");
  auto known = kind.empty() ? Result<Kind>(Kind::anonymous) : kind_from(kind);
  if (!known) return known.error();
  auto named = check_names(document, kind);
  if (!named) return named.error();
  if (kind.empty()) {
    return Credentials::from_login(take_text(document, "username"), Secret(take_text(document, "password")),
                                   Secret(take_text(document, "token")));
  }
  out.kind = *known;
  auto read = read_fields(document, out);
  if (!read) return read.error();
  return out;
}

}  // namespace

Credentials Credentials::basic(std::string username, Secret password) {
  Credentials out;
  out.kind = Kind::basic;
  out.username = std::move(username);
  out.password = std::move(password);
  return out;
}

Credentials Credentials::from_login(std::string username, Secret password, Secret token) {
  if (token.empty()) {
    return username.empty() && password.empty() ? Credentials() : basic(std::move(username), std::move(password));
  }
  Credentials out;
  out.kind = Kind::token;
  out.username = std::move(username);
  out.token = std::move(token);
  return out;
}

std::string_view to_string(Credentials::Kind kind) {
  return std::ranges::find(kCredentialKinds, kind, &std::pair<Kind, std::string_view>::first)->second;
}

Secret serialize(const Credentials& credentials) {
  json document{{"kind", to_string(credentials.kind)}};
  for (const Field& field : kFields) {
    if (field.kind != credentials.kind) continue;
    const std::string& value = field.text != nullptr ? credentials.*field.text : (credentials.*field.secret).reveal();
    if (!value.empty() || field.needed) document[field.name] = value;
  }
  Secret text(dump_json(document));
  wipe_texts(document);
  return text;
}

Result<Credentials> parse_credentials(const Secret& text) {
  auto document = parse_json(text.reveal(), "credentials", kJsonFields);
  if (!document) return document.error();
  Result<Credentials> out = Error(ErrorCode::internal, "credentials were not read");
  const auto read = read_json_fields("credentials", [&] { out = read_document(*document); });
  wipe_texts(*document);
  if (!read) return read.error();
  return out;
}

}  // namespace landwaiter
