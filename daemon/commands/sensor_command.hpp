// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/settings/config.hpp"

#include <string>

namespace landwaiter::daemon {

/// `landwaiter sensor --config FILE`: runs until SIGTERM or SIGINT. Returns an ExitCode.
int run_sensor(const std::string& config_file, const Environment& environment);

}  // namespace landwaiter::daemon
