// SPDX-License-Identifier: Apache-2.0
#include "platform/api/openapi.hpp"
#include "platform/api/routes.hpp"

namespace landwaiter::platform {
namespace {

Result<Response> alive(Call&) { return json_response({{"status", "alive"}}); }

Result<Response> ready(Call& call) {
  call.transaction->number("SELECT count(*) FROM meta");
  return json_response({{"status", "ready"}});
}

Result<Response> openapi(Call&) {
  Response response;
  response.body = openapi_document();
  return response;
}

}  // namespace

void add_system_routes(std::vector<Route>& routes) {
  routes.push_back({.method = "GET", .path = "/livez", .access = Access::open, .handler = alive});
  routes.push_back({.method = "GET", .path = "/readyz", .access = Access::open, .lane = LaneKind::writer, .handler = ready});
  routes.push_back({.method = "GET", .path = "/v3/openapi.json", .access = Access::open, .handler = openapi});
}

}  // namespace landwaiter::platform
