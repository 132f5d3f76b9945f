// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/list_flags.hpp"

#include "core/base/limits.hpp"
#include "core/os/process.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/flags/option_groups.hpp"

namespace landwaiter::daemon {

void ListFlags::add_to(Command& program) {
  Command& command = program.add("list", "List a registry's repositories, tags and manifests");
  command.begin_group(kImagesGroup);
  command.add_option("registry", options_.registry, "HOST[:PORT], a URL, or docker://HOST/REPOSITORY for one repository")
      ->option_text("REGISTRY")
      ->required();
  connection_.add_kind_to(command);
  add_filters_to(command);
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

void ListFlags::add_filters_to(Command& command) {
  protocol::ListWork& work = options_.work;
  command.add_option("--repository", work.repositories, "Only these repositories; * and ? are wildcards")->option_text("GLOB");
  command.add_option("--exclude-repository", work.exclude_repositories, "Skip these repositories")->option_text("GLOB");
  command.add_option("--tag", work.tags, "Only these tags; * and ? are wildcards")->option_text("GLOB");
  command.add_option("--exclude-tag", work.exclude_tags, "Skip these tags")->option_text("GLOB");
  command.add_option("--newest", work.newest, "Only the newest N tags of each repository")
      ->option_text("N")
      ->check(CLI::Range(std::size_t{1}, limits::newest_max));
  command
      .add_option("--pushed", options_.pushed,
                  "Only images pushed in this window: today, yesterday, last-7-days, last-14-days, last-30-days, N (days), or FROM..TO "
                  "(dates or timestamps)")
      ->option_text("WINDOW");
  command.add_option("--utc-offset", options_.utc_offset, "Time zone in which days begin, like +02:00 (default: UTC)")
      ->option_text("OFFSET");
  command.add_option("--platform", work.platforms, "Only this platform (linux/amd64)")->option_text("PLATFORM");
  command.add_flag("--created", options_.created, "Read each image's config for its platform and creation time");
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
