// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/router.hpp"

#include <vector>

namespace landwaiter::platform {

/// Every route of the platform.
std::vector<Route> all_routes();

/// The answer to a sensor that speaks no version of the protocol that this platform does.
Response protocol_refused(const Error& error);

void add_system_routes(std::vector<Route>& routes);
void add_token_routes(std::vector<Route>& routes);
void add_registry_routes(std::vector<Route>& routes);
void add_scan_routes(std::vector<Route>& routes);
void add_job_routes(std::vector<Route>& routes);
void add_layer_routes(std::vector<Route>& routes);
void add_finding_routes(std::vector<Route>& routes);
void add_export_routes(std::vector<Route>& routes);

}  // namespace landwaiter::platform
