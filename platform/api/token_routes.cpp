// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "core/wire/protocol.hpp"
#include "core/wire/protocol_version.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/sensors.hpp"
#include "platform/store/tokens.hpp"

namespace landwaiter::platform {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLifetimeMaxS = 10LL * 366 * 24 * 3600;

/// An enrollment token is copied once from one terminal to another; other tokens are long-lived.
std::chrono::seconds default_lifetime(TokenKind kind) { return kind == TokenKind::enrollment ? 1h : 24h * 365; }

Result<Response> post_token(Call& call) {
  const auto body = call.body_json();
  if (!body) return body.error();
  const auto kind_name = optional_text(*body, "kind", limits::name_bytes_max);
  if (!kind_name) return kind_name.error();
  const auto kind = token_kind_from(*kind_name);
  if (!kind) return Error(ErrorCode::invalid_argument, "field kind must be api, enrollment or sensor");
  const auto name = optional_text(*body, "name", limits::name_bytes_max);
  if (!name) return name.error();
  const auto lifetime = optional_number(*body, "expires_in_s", default_lifetime(*kind).count(), 1, kLifetimeMaxS);
  if (!lifetime) return lifetime.error();
  const auto made = create_token(*call.transaction, *kind, *name, std::nullopt, call.terms.now, std::chrono::seconds(*lifetime));
  return json_response({{"id", made.id},
                        {"kind", *kind_name},
                        {"name", *name},
                        {"token", made.token.reveal()},
                        {"expires_at", to_rfc3339(call.terms.now + std::chrono::seconds(*lifetime))}},
                       201);
}

Result<Response> get_tokens(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto token = call.page_token();
  if (!token) return token.error();
  return page_response(call, list_tokens(*call.transaction, *token, *size));
}

Result<Response> remove_token(Call& call) {
  if (!delete_token(*call.transaction, call.parameter("id"))) return Error(ErrorCode::not_found, "there is no such token");
  return empty_response();
}

Result<Response> enroll(Call& call) {
  const auto enrollment = call.body_as<protocol::Enrollment>("enrollment");
  if (!enrollment) return enrollment.error();
  const auto spoken = protocol::choose_version(enrollment->protocols);
  if (!spoken) return protocol_refused(spoken.error());
  auto answer = enroll_sensor(*call.transaction, call.who, *enrollment, call.terms.now);
  if (!answer) return answer.error();
  answer->protocol_version = *spoken;
  answer->heartbeat_interval = heartbeat_interval(call.terms.length);
  return json_response(*answer, 201);
}

Result<Response> sensors(Call& call) {
  const auto size = call.page_size();
  if (!size) return size.error();
  const auto token = call.page_token();
  if (!token) return token.error();
  return page_response(call, list_sensors(*call.transaction, *token, *size));
}

}  // namespace

void add_token_routes(std::vector<Route>& routes) {
  constexpr auto kBody = limits::api_small_body_bytes_max;
  constexpr auto kUsers = Permission::manage_users;
  constexpr auto kWriter = LaneKind::writer;
  routes.push_back({{.method = "GET", .path = "/v3/tokens", .needs = kUsers}, get_tokens});
  routes.push_back({{.method = "POST", .path = "/v3/tokens", .needs = kUsers, .lane = kWriter, .body_bytes_max = kBody}, post_token});
  routes.push_back({{.method = "DELETE", .path = "/v3/tokens/{id}", .needs = kUsers, .lane = kWriter}, remove_token});
  routes.push_back({{.method = "GET", .path = "/v3/sensors", .needs = Permission::read}, sensors});
  routes.push_back(
      {{.method = "POST", .path = "/v3/sensors/enroll", .needs = Permission::enroll, .lane = kWriter, .body_bytes_max = kBody}, enroll});
}

}  // namespace landwaiter::platform
