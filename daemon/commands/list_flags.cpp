// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/list_flags.hpp"

#include "core/os/process.hpp"
#include "daemon/commands/option_groups.hpp"
#include "daemon/commands/option_values.hpp"

#include <CLI/CLI.hpp>

namespace landwaiter::daemon {

CLI::App* ListFlags::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("list", "List a registry's repositories, tags and manifests");
  begin_group(*command, kImagesGroup);
  command->add_option("registry", options_.registry, "HOST[:PORT], a URL, or docker://HOST/REPOSITORY for one repository")->required();
  connection_.add_kind_to(*command);
  options_.filter.add_to(*command);
  command->add_option("--platform", options_.filter.work.platforms, "Only this platform (linux/amd64); may be repeated");
  command->add_flag("--created", options_.created, "Read each image's config for its platform and creation time");
  add_settings_option(*command);
  begin_group(*command, kOutputGroup);
  command->add_option("--format", options_.format, "table, json, or jsonl (one JSON object per line)")
      ->check(CLI::IsMember({"table", "json", "jsonl"}));
  command->add_option("--output,-o", options_.output, "Write the result to this file");
  command->add_flag("--no-trunc", options_.whole_digests, "The table has whole digests");
  progress_.add_to(*command);
  command->add_flag("--quiet,-q", quiet_, "Show no progress");
  begin_group(*command, kSpeedGroup);
  command->add_option("--state", state_, "Where to store manifests (default: ~/.local/state/landwaiter)");
  command->add_flag("--no-state", no_state_, "Store nothing");
  connection_.add_to(*command);
  command->footer(
      "Exit codes: 0 everything was listed, 2 usage, configuration or output, 3 some things could not be listed (the rest is in the "
      "result), 130 stopped");
  return command;
}

int ListFlags::run() {
  auto connected = connection_.finish();
  if (!connected) return fail_usage(connected.error());
  options_.connection = *std::move(connected);
  options_.progress = progress_.wish(quiet_);
  options_.state = StateFolder::choose(state_, no_state_, process_environment());
  return run_list(std::move(options_), process_environment());
}

}  // namespace landwaiter::daemon
