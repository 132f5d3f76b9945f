// SPDX-License-Identifier: Apache-2.0
#include "platform/api/routes.hpp"

namespace landwaiter::platform {

Response protocol_refused(const Error& error) { return problem(409, error.message(), "protocol-version"); }

std::vector<Route> all_routes() {
  std::vector<Route> routes;
  add_system_routes(routes);
  add_token_routes(routes);
  add_registry_routes(routes);
  add_scan_routes(routes);
  add_job_routes(routes);
  add_layer_routes(routes);
  add_finding_routes(routes);
  add_export_routes(routes);
  return routes;
}

}  // namespace landwaiter::platform
