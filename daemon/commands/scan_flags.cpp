// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/scan_flags.hpp"

#include "core/base/text.hpp"
#include "core/os/process.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/option_groups.hpp"
#include "daemon/commands/option_values.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace landwaiter::daemon {
namespace {

/// Applies a Keyfactor-style file; its images are added to those on the command line.
Result<void> apply_container_config(const std::string& file, ScanOptions& scan) {
  auto import = load_container_config(file, process_environment());
  if (!import) return import.error();
  forget_variables(import->secret_variables);
  scan.images.insert(scan.images.end(), import->images.begin(), import->images.end());
  if (scan.connection.credentials.anonymous()) {
    scan.connection.credentials = Credentials::from_login(import->username, import->password, import->token);
  }
  return {};
}

}  // namespace

CLI::App* ScanFlags::add_to(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("scan",
                         "Scan images: REF, docker://REF, https://REF; a layout or an archive, PATH[:NAME] or PATH@DIGEST, - for standard "
                         "input; docker-daemon:NAME, containerd:DIGEST; dir:FOLDER for a tree of files");
  add_images_to(*command);
  add_output_to(*command);
  add_judging_to(*command);
  add_speed_to(*command);
  connection_.add_to(*command);
  command->footer(std::string(kExitCodes) +
                  "\nOf a whole registry, what is no image (signatures, charts) or gone by now is told, and is no failure.");
  return command;
}

void ScanFlags::add_images_to(CLI::App& command) {
  begin_group(command, kImagesGroup);
  command.add_option("images", options_.images, "Images to scan");
  command.add_option("-c,--config", config_file_, "Take images and credentials from a container-config.yml");
  command.add_option("--registry", options_.registries, "Scan all images of this registry, HOST[:PORT] or a URL; may be repeated");
  connection_.add_kind_to(command);
  options_.filter.add_to(command);
  command.add_option("--platform", options_.filter.work.platforms,
                     "Scan only this platform of multi-platform images (linux/amd64); may be repeated");
  add_settings_option(command);
  command.add_option("--containerd-root", containerd_root_, "Folder of the containerd that containerd:DIGEST reads");
}

void ScanFlags::add_output_to(CLI::App& command) {
  begin_group(command, kOutputGroup);
  command.add_option("--format", options_.format, "table, json, cyclonedx, sarif or csv")
      ->check(CLI::IsMember({"table", "json", "cyclonedx", "sarif", "csv"}));
  command.add_option("--cyclonedx-version", options_.cyclonedx_version, "1.6 or 1.7 (default: 1.6)")->check(CLI::IsMember({"1.6", "1.7"}));
  command.add_option("--output,-o", options_.output, "Write the result to this file");
  command.add_flag("--all", options_.all, "List every finding in the table, including those that need no action");
  command.add_option("--severity", least_, "The table lists no finding milder than this: info (the default), low, medium, high, critical")
      ->check(CLI::IsMember({"info", "low", "medium", "high", "critical"}, CLI::ignore_case));
  command.add_option("--sort", sort_, "The table's images by image (their names, the default) or severity (the worst first)")
      ->check(CLI::IsMember({"image", "severity"}));
  progress_.add_to(command);
  command.add_flag("--quiet,-q", quiet_, "Show neither progress nor a summary");
}

void ScanFlags::add_judging_to(CLI::App& command) {
  begin_group(command, kJudgingGroup);
  command.add_option("--policy", options_.policy,
                     "Policy for findings: nist-800-131a (the default), nist-ir-8547, cnsa-2.0, none, or a YAML file");
  command.add_option(
      "--fail-on", fail_on_,
      "Exit with 1 if a finding matches SEVERITY, TYPE, TYPE:SEVERITY or an issue's code, or an image is not-opened or incomplete; a "
      "list with commas, may be repeated");
  command.add_option("--ignore-file", options_.ignore_file,
                     "Findings that are accepted, with reasons (default: .landwaiterignore.yml, if it exists); docs/accepting.md");
  command.add_option("--baseline", options_.baseline, "An earlier report in JSON: what it has is accepted, and only what is new counts");
  command.add_option("--blocklist", options_.blocklist, "List of known compromised keys, in badkeys format")->check(CLI::ExistingFile);
  command.add_flag("!--no-password-tries", options_.try_passwords, "Do not try well-known passwords on keystores");
}

void ScanFlags::add_speed_to(CLI::App& command) {
  begin_group(command, kSpeedGroup);
  command.add_option("--state", state_, "Where to store digests and reports (default: ~/.local/state/landwaiter)");
  command.add_flag("--no-state", no_state_, "Store nothing");
  command.add_flag("--full", options_.full, "Read every layer again, even if it is known");
  command.add_option("--workers", options_.workers, "Layers to scan at once (default: one per core)")->check(CLI::Range(1, 64));
  command.add_option("--memory", memory_,
                     "Memory for each layer that is read, such as 128M, which large windows of zstd or xz need (default: 48M)");
}

Result<void> ScanFlags::finish() {
  auto connected = connection_.finish();
  if (!connected) return connected.error();
  connected->containerd_root = std::move(containerd_root_);
  options_.connection = *std::move(connected);
  if (!config_file_.empty()) {
    auto applied = apply_container_config(config_file_, options_);
    if (!applied) return applied;
  }
  if (connection_.reads_standard_input() && std::ranges::any_of(options_.images, is_sent_to_us)) {
    return Error(ErrorCode::invalid_argument, "an archive and credentials cannot both come from standard input");
  }
  if (options_.registries.empty() && options_.filter.chooses()) {
    return Error(ErrorCode::invalid_argument,
                 "filters such as --repository, --tag, --newest and --pushed choose among the images of --registry");
  }
  if (options_.images.empty() && options_.registries.empty()) {
    return Error(ErrorCode::invalid_argument, "no container images were stated");
  }
  for (const std::string& text : fail_on_) {
    auto rules = FailRule::parse_list(text);
    if (!rules) return rules.error();
    options_.fail_on.insert(options_.fail_on.end(), rules->begin(), rules->end());
  }
  if (!memory_.empty()) {
    auto bytes = parse_memory(memory_);
    if (!bytes) return bytes.error();
    options_.memory_bytes = *bytes;
  }
  options_.least = severity_from(to_lower(least_)).value_or(Severity::info);
  options_.worst_first = sort_ == "severity";
  options_.quiet = quiet_;
  options_.progress = progress_.wish(quiet_);
  options_.state = StateFolder::choose(state_, no_state_, process_environment());
  return {};
}

int ScanFlags::run() {
  auto finished = finish();
  if (!finished) return fail_usage(finished.error());
  return run_scan(std::move(options_), process_environment());
}

}  // namespace landwaiter::daemon
