// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/check_flags.hpp"

#include "core/os/process.hpp"
#include "daemon/commands/option_groups.hpp"
#include "daemon/commands/option_values.hpp"

#include <CLI/CLI.hpp>

namespace landwaiter::daemon {

CLI::App* CheckFlags::add_to(CLI::App& app) {
  CLI::App* registry = app.add_subcommand("registry", "Work with a registry");
  registry->require_subcommand(1);
  CLI::App* command = registry->add_subcommand("check", "Test step by step what a scan needs, and say what to do if a step fails");
  begin_group(*command, kImagesGroup);
  command->add_option("registry", options_.registry, "HOST[:PORT] or a URL")->required();
  command->add_option("--repository", options_.repository, "Test this repository instead of the first in the catalog");
  connection_.add_kind_to(*command);
  add_settings_option(*command);
  begin_group(*command, kOutputGroup);
  command->add_option("--format", options_.format, "table or json")->check(CLI::IsMember({"table", "json"}));
  command->add_option("--output,-o", options_.output, "Write the result to this file");
  connection_.add_to(*command);
  return command;
}

int CheckFlags::run() {
  auto connected = connection_.finish();
  if (!connected) return fail_usage(connected.error());
  options_.connection = *std::move(connected);
  return run_check(std::move(options_), process_environment());
}

}  // namespace landwaiter::daemon
