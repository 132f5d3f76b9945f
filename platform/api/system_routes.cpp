// SPDX-License-Identifier: Apache-2.0
#include "platform/api/openapi.hpp"
#include "platform/api/routes.hpp"

namespace landwaiter::platform {
namespace {

Result<Response> alive(Call&) { return json_response({{"status", "alive"}}); }

Result<Response> ready(Call& call) {
  if (call.unready) return *call.unready;
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
  const auto add = [&](const char* path, Result<Response> (*handler)(Call&)) {
    routes.push_back({{.method = "GET", .path = path, .needs = Needs::nothing(), .lane = LaneKind::none}, handler});
  };
  add("/livez", alive);
  add("/readyz", ready);
  add("/v3/openapi.json", openapi);
}

}  // namespace landwaiter::platform
