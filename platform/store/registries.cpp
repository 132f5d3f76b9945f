// SPDX-License-Identifier: Apache-2.0
#include "platform/store/registries.hpp"

#include "core/base/text.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"

namespace landwaiter::platform {
namespace {

std::string context_of(std::string_view id) { return "registry:" + std::string(id); }

constexpr std::string_view kRegistryColumns = "id,name,endpoint,kind,tls_verify,plain_http,credential IS NOT NULL,created_at_us";

protocol::RegistryTarget target_of(const Rows& rows) {
  return {rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4) != 0, rows.integer(5) != 0};
}

nlohmann::json json_of(const Rows& rows) {
  nlohmann::json out = target_of(rows);
  out["has_credentials"] = rows.integer(6) != 0;
  out["created_at"] = time_json(rows, 7);
  return out;
}

}  // namespace

Result<std::string> create_registry(Transaction& transaction, const Vault& vault, const protocol::RegistryTarget& target,
                                    const Credentials& credentials, const std::optional<std::string>& scan_id, SystemTime now) {
  if (!scan_id && transaction.number("SELECT count(*) FROM registry WHERE name=? AND scan_id IS NULL AND deleted=0", {target.name}) != 0) {
    return Error(ErrorCode::conflict, "there is a registry named " + landwaiter::quoted(target.name) + " already");
  }
  const std::string id = new_id(now);
  std::optional<Bytes> credential;
  if (!credentials.anonymous()) credential = vault.encrypt(serialize(credentials), context_of(id));
  transaction.run(
      "INSERT INTO registry(id,name,endpoint,kind,tls_verify,plain_http,credential,scan_id,created_at_us) VALUES(?,?,?,?,?,?,?,?,?)",
      {id, target.name, target.endpoint, target.kind, target.tls_verify, target.plain_http, credential, scan_id, to_unix_us(now)});
  return id;
}

Result<protocol::RegistryTarget> registry(Transaction& transaction, std::string_view id) {
  Rows rows =
      transaction.query("SELECT " + std::string(kRegistryColumns) + " FROM registry WHERE id=? AND deleted=0 AND scan_id IS NULL", {id});
  if (!rows.next()) return Error(ErrorCode::not_found, "there is no such registry");
  return target_of(rows);
}

std::string registry_by_endpoint(Transaction& transaction, std::string_view endpoint) {
  Rows rows = transaction.query(
      "SELECT id FROM registry WHERE endpoint IN (?1,'https://'||?1) AND deleted=0 AND scan_id IS NULL ORDER BY id LIMIT 1", {endpoint});
  return rows.next() ? rows.text(0) : std::string();
}

Result<RegistryAccess> registry_access(Transaction& transaction, const Vault& vault, std::string_view id) {
  RegistryAccess access;
  Bytes encrypted;
  {
    Rows rows = transaction.query("SELECT " + std::string(kRegistryColumns) + ",credential FROM registry WHERE id=?", {id});
    if (!rows.next()) return Error(ErrorCode::not_found, "there is no such registry");
    access.target = target_of(rows);
    encrypted.assign(rows.bytes(8).begin(), rows.bytes(8).end());
  }
  if (encrypted.empty()) return access;
  auto plain = vault.decrypt(encrypted, context_of(id));
  if (!plain) return plain.error();
  access.credentials = *std::move(plain);
  return access;
}

nlohmann::json registry_json(Transaction& transaction, std::string_view id) {
  Rows rows =
      transaction.query("SELECT " + std::string(kRegistryColumns) + " FROM registry WHERE id=? AND deleted=0 AND scan_id IS NULL", {id});
  return rows.next() ? json_of(rows) : nlohmann::json();
}

nlohmann::json list_registries(Transaction& transaction, std::string_view page_token, std::size_t page_size) {
  nlohmann::json out{{"registries", nlohmann::json::array()}, {"next_page_token", ""}};
  Rows rows = transaction.query("SELECT " + std::string(kRegistryColumns) +
                                    " FROM registry WHERE scan_id IS NULL AND deleted=0 AND (?1='' OR id<?1) ORDER BY id DESC LIMIT ?2",
                                {page_token, page_size + 1});
  while (rows.next()) {
    if (page_is_full(out, "registries", page_size)) break;
    out["registries"].push_back(json_of(rows));
  }
  return out;
}

Result<void> delete_registry(Transaction& transaction, std::string_view id) {
  auto known = registry(transaction, id);
  if (!known) return known.error();
  if (transaction.number("SELECT EXISTS(SELECT 1 FROM job WHERE registry_id=? AND ended_at_us IS NULL)", {id}) != 0) {
    return Error(ErrorCode::conflict, "a scan of this registry is running; cancel it first");
  }
  transaction.run("UPDATE registry SET deleted=1, credential=NULL WHERE id=?", {id});
  return {};
}

}  // namespace landwaiter::platform
