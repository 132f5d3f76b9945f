// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/list_flags.hpp"

#include "core/os/process.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/flags/option_groups.hpp"
#include "daemon/flags/option_values.hpp"

namespace landwaiter::daemon {

void ListFlags::add_to(Command& program) {
  Command& command = program.add("list", "List a registry's repositories, tags and manifests");
  command.begin_group(kImagesGroup);
  command.add_option("registry", options_.registry, "HOST[:PORT], a URL, or docker://HOST/REPOSITORY for one repository")
      ->option_text("REGISTRY")
      ->required();
  connection_.add_kind_to(command);
  options_.filter.add_to(command);
  auto* platform =
      command.add_option("--platform", options_.filter.work.platforms, "Only this platform (linux/amd64)")->option_text("PLATFORM");
  command.suggest(platform, usual_platforms());
  command.add_flag("--created", options_.created, "Read each image's config for its platform and creation time");
  add_settings_option(command);
  command.begin_group(kOutputGroup);
  command.choose(command.add_option("--format,-f", options_.format, "Format of the result; jsonl is one JSON object per line"),
                 {"table", "json", "jsonl"}, "FORMAT");
  command.add_option("--output,-o", options_.output, "Write the result to this file")->option_text("FILE");
  command.add_flag("--no-trunc", options_.whole_digests, "The table has whole digests");
  progress_.add_to(command);
  command.add_flag("--quiet,-q", quiet_, "Show no progress");
  command.begin_group(kSpeedGroup);
  command.add_option("--state", state_, "Where to store manifests (default: ~/.local/state/landwaiter)")->option_text("DIR");
  command.add_flag("--no-state", no_state_, "Store nothing");
  connection_.add_to(command);
  command.examples = {
      {"All that a registry has", "landwaiter list harbor.example.com"},
      {"The three newest tags of each repository of a team", "landwaiter list --repository 'team/*' --newest 3 harbor.example.com"},
      {"What was pushed in the last week, for a program", "landwaiter list --pushed last-7-days --format jsonl harbor.example.com"},
      {"The tags of one repository", "landwaiter list docker://docker.io/library/nginx"}};
  command.exits = {{exit_done, "everything was listed"},
                   {exit_usage, "the command line, a configuration file or the output is wrong"},
                   {exit_some_failed, "some things could not be listed; the rest is in the result"},
                   {exit_stopped, "stopped by a signal"}};
  command.run = [this] { return run(); };
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
