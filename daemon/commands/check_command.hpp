// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/check/registry_check.hpp"
#include "daemon/commands/connection_options.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/scan_command.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

struct CheckOptions {
  std::string registry;    ///< host or URL
  std::string repository;  ///< empty: one from the catalog
  ConnectionOptions connection;
  std::string format = "table";
  std::string output;
};

/// Returns an ExitCode: exit_some_failed if a step failed.
int run_check(CheckOptions options, const Environment& environment);

/// {"registry","ok","steps":[{"name","result","seen","advice"}]}
std::string render_check_json(const std::string& registry, const std::vector<CheckStep>& steps);
std::string render_check_table(const std::vector<CheckStep>& steps);

}  // namespace landwaiter::daemon
