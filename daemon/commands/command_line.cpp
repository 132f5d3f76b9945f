// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/command_line.hpp"

#include "core/os/process.hpp"
#include "daemon/commands/check_flags.hpp"
#include "daemon/commands/list_flags.hpp"
#include "daemon/commands/option_values.hpp"
#include "daemon/commands/scan_flags.hpp"
#include "daemon/commands/sensor_command.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>

namespace landwaiter::daemon {
namespace {

/// An option takes one value and is repeated for more: otherwise it would take the images behind it for further values.
void take_single_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && option->get_items_expected_max() > 1) option->allow_extra_args(false);
  }
  for (CLI::App* command : app.get_subcommands({})) take_single_values(*command);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Landwaiter: finds cryptographic assets in container images, without pulling them to disk", "landwaiter");
  app.set_version_flag("--version", std::string("landwaiter " LANDWAITER_VERSION));
  app.footer(kExitCodes);
  app.require_subcommand(1);
  ScanFlags scan;
  ListFlags list;
  CheckFlags check;
  std::string sensor_config;
  CLI::App* scan_command = scan.add_to(app);
  CLI::App* list_command = list.add_to(app);
  CLI::App* check_command = check.add_to(app);
  CLI::App* sensor_command = app.add_subcommand("sensor", "Run the sensor: take jobs from a platform until SIGTERM");
  sensor_command->add_option("--config", sensor_config, "The sensor's YAML configuration")->required();
  take_single_values(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    if (!std::cout.flush()) return fail_usage(Error(ErrorCode::io, "standard output: cannot be written"));
    return code == 0 ? exit_done : exit_usage;
  }
  for (CLI::App* command : {scan_command, list_command, check_command}) {
    const auto completed = *command ? complete_options(app, *command, process_environment()) : Result<void>();
    if (!completed) return fail_usage(completed.error());
  }
  if (*scan_command) return scan.run();
  if (*list_command) return list.run();
  if (*check_command) return check.run();
  return run_sensor(sensor_config, process_environment());
}

}  // namespace landwaiter::daemon
