// SPDX-License-Identifier: Apache-2.0
#include "platform/store/tokens.hpp"

#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"

#include <array>

namespace landwaiter::platform {
namespace {

struct KindName {
  TokenKind kind;
  std::string_view name;
  std::string_view prefix;
};

constexpr std::array<KindName, 3> kKinds{
    {{TokenKind::api, "api", "lwa_"}, {TokenKind::enrollment, "enrollment", "lwe_"}, {TokenKind::sensor, "sensor", "lws_"}}};

}  // namespace

std::string_view to_string(TokenKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }

std::optional<TokenKind> token_kind_from(std::string_view name) {
  for (const KindName& known : kKinds) {
    if (known.name == name) return known.kind;
  }
  return std::nullopt;
}

PermissionSet permissions_of(TokenKind kind, bool bound_to_sensor) {
  if (kind == TokenKind::sensor && bound_to_sensor) return {Permission::sense};
  if (kind == TokenKind::sensor || kind == TokenKind::enrollment) return {Permission::enroll};
  return {Permission::read, Permission::scan, Permission::manage_registries, Permission::manage_users};
}

NewToken create_token(Transaction& transaction, TokenKind kind, std::string_view name, const std::optional<std::string>& sensor_id,
                      SystemTime now, std::optional<std::chrono::seconds> lifetime) {
  NewToken made{new_id(now), new_token(kKinds[static_cast<std::size_t>(kind)].prefix)};
  std::optional<std::int64_t> expires_at_us;
  if (lifetime) expires_at_us = to_unix_us(now + *lifetime);
  transaction.run("INSERT INTO token(id,kind,name,sha256,sensor_id,created_at_us,expires_at_us) VALUES(?,?,?,?,?,?,?)",
                  {made.id, to_string(kind), name, token_hash(made.token.reveal()), sensor_id, to_unix_us(now), expires_at_us});
  return made;
}

std::optional<Principal> authenticate(Transaction& transaction, const Secret& token, SystemTime now) {
  const Bytes hash = token_hash(token.reveal());
  Rows rows = transaction.query("SELECT id,kind,sensor_id,sha256 FROM token WHERE sha256=? AND (expires_at_us IS NULL OR expires_at_us>?)",
                                {hash, to_unix_us(now)});
  if (!rows.next() || !same_hash(rows.bytes(3), hash)) return std::nullopt;
  const auto kind = token_kind_from(rows.text(1));
  if (!kind) return std::nullopt;
  std::string sensor_id = rows.text(2);
  const bool bound = *kind == TokenKind::sensor && !sensor_id.empty();
  const PermissionSet may = permissions_of(*kind, bound);
  if (bound) return Principal{Principal::Kind::sensor, std::move(sensor_id), may};
  return Principal{Principal::Kind::token, rows.text(0), may};
}

std::optional<TokenKind> token_kind(Transaction& transaction, std::string_view id) {
  Rows rows = transaction.query("SELECT kind FROM token WHERE id=?", {id});
  return rows.next() ? token_kind_from(rows.text(0)) : std::nullopt;
}

nlohmann::json list_tokens(Transaction& transaction, std::string_view page_token, std::size_t page_size) {
  nlohmann::json out{{"tokens", nlohmann::json::array()}, {"next_page_token", ""}};
  Rows rows = transaction.query(
      "SELECT id,kind,name,sensor_id,created_at_us,expires_at_us FROM token WHERE (?1='' OR id<?1) ORDER BY id DESC LIMIT ?2",
      {page_token, page_size + 1});
  while (rows.next()) {
    if (page_is_full(out, "tokens", page_size)) break;
    out["tokens"].push_back({{"id", rows.text(0)},
                             {"kind", rows.text(1)},
                             {"name", rows.text(2)},
                             {"sensor_id", rows.text(3)},
                             {"created_at", time_json(rows, 4)},
                             {"expires_at", time_json(rows, 5)}});
  }
  return out;
}

bool delete_token(Transaction& transaction, std::string_view id) { return transaction.run("DELETE FROM token WHERE id=?", {id}) != 0; }

}  // namespace landwaiter::platform
