// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/check_flags.hpp"

#include "core/os/process.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/flags/option_groups.hpp"
#include "daemon/flags/option_values.hpp"

namespace landwaiter::daemon {

void CheckFlags::add_to(Command& program) {
  Command& registry = program.add("registry", "Work with a registry");
  registry.require_subcommand(1);
  Command& command = registry.add("check", "Test step by step what a scan needs, and say what to do if a step fails");
  command.begin_group(kImagesGroup);
  command.add_option("registry", options_.registry, "HOST[:PORT] or a URL")->option_text("REGISTRY")->required();
  command.add_option("--repository", options_.repository, "Test this repository instead of the first in the catalog")->option_text("NAME");
  connection_.add_kind_to(command);
  add_settings_option(command);
  command.begin_group(kOutputGroup);
  command.choose(command.add_option("--format,-f", options_.format, "Format of the result (default: table)"), {"table", "json"}, "FORMAT");
  command.add_option("--output,-o", options_.output, "Write the result to this file")->option_text("FILE");
  connection_.add_to(command);
  command.examples = {{"Whether a registry can be scanned", "landwaiter registry check harbor.example.com"},
                      {"With a login", "landwaiter registry check --token-stdin harbor.example.com < token"},
                      {"A registry without a catalog", "landwaiter registry check --repository team/shop registry.example.com"},
                      {"For a program", "landwaiter registry check --format json harbor.example.com"}};
  command.exits = {{exit_done, "every step works"},
                   {exit_usage, "the command line, a configuration file or the output is wrong"},
                   {exit_some_failed, "a step failed; its advice says what to do"}};
  command.run = [this] { return run(); };
}

int CheckFlags::run() {
  auto connected = connection_.finish();
  if (!connected) return fail_usage(connected.error());
  options_.connection = *std::move(connected);
  return run_check(std::move(options_), process_environment());
}

}  // namespace landwaiter::daemon
