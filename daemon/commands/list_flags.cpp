// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/list_flags.hpp"

#include "core/base/limits.hpp"
#include "core/os/process.hpp"
#include "daemon/commands/option_groups.hpp"

#include <CLI/CLI.hpp>

namespace landwaiter::daemon {

CLI::App* ListFlags::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("list", "List a registry's repositories, tags and manifests");
  begin_group(*command, kImagesGroup);
  command->add_option("registry", options_.registry, "HOST[:PORT], a URL, or docker://HOST/REPOSITORY for one repository")->required();
  connection_.add_kind_to(*command);
  add_filters_to(*command);
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

void ListFlags::add_filters_to(CLI::App& command) {
  protocol::ListWork& work = options_.work;
  command.add_option("--repository", work.repositories, "Only these repositories; * and ? are wildcards; may be repeated");
  command.add_option("--exclude-repository", work.exclude_repositories, "Skip these repositories; may be repeated");
  command.add_option("--tag", work.tags, "Only these tags; * and ? are wildcards; may be repeated");
  command.add_option("--exclude-tag", work.exclude_tags, "Skip these tags; may be repeated");
  command.add_option("--newest", work.newest, "Only the newest N tags of each repository")
      ->check(CLI::Range(std::size_t{1}, limits::newest_max));
  command.add_option("--pushed", options_.pushed,
                     "Only images pushed in this window: today, yesterday, last-7-days, last-14-days, last-30-days, N (days), or "
                     "FROM..TO (dates or timestamps)");
  command.add_option("--utc-offset", options_.utc_offset, "Time zone in which days begin, like +02:00 (default: UTC)");
  command.add_option("--platform", work.platforms, "Only this platform (linux/amd64); may be repeated");
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
