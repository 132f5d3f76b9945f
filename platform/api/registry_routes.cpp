// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "platform/api/list_request.hpp"
#include "platform/api/references.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"

namespace landwaiter::platform {
namespace {

Result<protocol::RegistryTarget> target_from(const nlohmann::json& body) {
  protocol::RegistryTarget target;
  const auto name = optional_text(body, "name", limits::name_bytes_max);
  if (!name) return name.error();
  const auto endpoint = optional_text(body, "endpoint", limits::name_bytes_max + 100);
  if (!endpoint) return endpoint.error();
  const auto address = parse_registry_address(*endpoint);
  if (!address) return address.error();
  const auto kind = registry_kind_from(body);
  if (!kind) return kind.error();
  const auto tls_verify = optional_flag(body, "tls_verify", true);
  if (!tls_verify) return tls_verify.error();
  const auto plain_http = optional_flag(body, "plain_http", address->plain_http);
  if (!plain_http) return plain_http.error();
  if (address->https && *plain_http) {
    return Error(ErrorCode::invalid_argument, "endpoint begins with https://, and plain_http asks for the opposite: leave one of them out");
  }
  target.name = name->empty() ? address->host : *name;
  target.endpoint = (address->https ? "https://" : "") + address->host;
  target.kind = *kind;
  target.tls_verify = *tls_verify;
  target.plain_http = *plain_http;
  return target;
}

Result<Response> post_registry(Call& call) {
  auto body = call.body_json();
  if (!body) return body.error();
  const auto target = target_from(*body);
  if (!target) return target.error();
  const auto credentials = credentials_from(*body);
  if (!credentials) return credentials.error();
  const auto id = create_registry(*call.transaction, call.vault, *target, *credentials, std::nullopt, call.terms.now);
  if (!id) return id.error();
  return json_response(registry_json(*call.transaction, *id), 201);
}

Result<Response> get_registries(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto token = call.page_token();
  if (!token) return token.error();
  return page_response(call, list_registries(*call.transaction, *token, *size));
}

Result<Response> get_registry(Call& call) {
  auto found = registry_json(*call.transaction, call.parameter("id"));
  if (found.is_null()) return Error(ErrorCode::not_found, "there is no such registry");
  return json_response(found);
}

Result<Response> remove_registry(Call& call) {
  auto removed = delete_registry(*call.transaction, call.parameter("id"));
  if (!removed) return removed.error();
  return empty_response();
}

Result<Response> scan(Call& call) {
  const auto target = registry(*call.transaction, call.parameter("id"));
  if (!target) return target.error();
  const auto body = call.request.body.empty() ? Result<nlohmann::json>(nlohmann::json::object()) : call.body_json();
  if (!body) return body.error();
  const auto incremental = optional_flag(*body, "incremental", true);
  if (!incremental) return incremental.error();
  const auto work = list_work_from(*body, call.terms.now);
  if (!work) return work.error();
  NewScan scan;
  scan.name = target->name;
  scan.of_references = false;
  scan.incremental = *incremental;
  const std::string id = create_scan(*call.transaction, scan, call.terms.now);
  create_list_job(*call.transaction, id, target->id, *work, call.terms.now);
  call.changed(Topic::jobs);
  return json_response({{"scanId", id}, {"status", "queued"}}, 201);
}

}  // namespace

void add_registry_routes(std::vector<Route>& routes) {
  constexpr auto kBody = limits::api_small_body_bytes_max;
  constexpr auto kManage = Permission::manage_registries;
  constexpr auto kWriter = LaneKind::writer;
  routes.push_back({{.method = "GET", .path = "/v3/registries", .needs = Permission::read}, get_registries});
  routes.push_back(
      {{.method = "POST", .path = "/v3/registries", .needs = kManage, .lane = kWriter, .body_bytes_max = kBody}, post_registry});
  routes.push_back({{.method = "GET", .path = "/v3/registries/{id}", .needs = Permission::read}, get_registry});
  routes.push_back({{.method = "DELETE", .path = "/v3/registries/{id}", .needs = kManage, .lane = kWriter}, remove_registry});
  routes.push_back(
      {{.method = "POST", .path = "/v3/registries/{id}/scan", .needs = Permission::scan, .lane = kWriter, .body_bytes_max = kBody}, scan});
}

}  // namespace landwaiter::platform
