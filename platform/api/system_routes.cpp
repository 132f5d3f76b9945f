// SPDX-License-Identifier: Apache-2.0
#include "core/os/files.hpp"
#include "platform/api/openapi.hpp"
#include "platform/api/routes.hpp"

namespace landwaiter::platform {
namespace {

Result<Response> alive(Call&) { return json_response({{"status", "alive"}}); }

Result<Response> ready(Call& call) {
  auto space = try_space(call.state_directory);
  if (!space) return Error(ErrorCode::unavailable, space.error().message());
  call.transaction->run("INSERT INTO meta(name,value) VALUES('probe',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value", {Bytes{1}});
  return json_response({{"status", "ready"}});
}

Result<Response> openapi(Call&) {
  static const SharedBytes document = std::make_shared<const std::string>(openapi_document());
  Response response;
  response.body = document;
  return response;
}

}  // namespace

void add_system_routes(std::vector<Route>& routes) {
  routes.push_back({{.method = "GET", .path = "/livez", .needs = Needs::nothing()}, alive});
  routes.push_back({{.method = "GET", .path = "/readyz", .needs = Needs::nothing(), .lane = LaneKind::writer}, ready});
  routes.push_back({{.method = "GET", .path = "/v3/openapi.json", .needs = Needs::nothing()}, openapi});
}

}  // namespace landwaiter::platform
