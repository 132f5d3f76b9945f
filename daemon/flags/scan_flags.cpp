// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/scan_flags.hpp"

#include "core/os/process.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/flags/option_groups.hpp"
#include "daemon/flags/option_values.hpp"

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

void ScanFlags::add_to(Command& program) {
  Command& command = program.add("scan", "Find cryptographic assets in images");
  add_images_to(command);
  output_.add_to(command);
  command.choose(command.add_option("--sort", sort_, "The table's images by their names (the default), or the worst first"),
                 {"image", "severity"}, "ORDER");
  progress_.add_to(command);
  command.add_flag("--quiet,-q", quiet_, "Show neither progress nor a summary");
  add_judging_to(command);
  add_speed_to(command);
  connection_.add_to(command);
  command.details = {
      "An IMAGE is REF, docker://REF or https://REF; a layout or an archive, PATH[:NAME] or PATH@DIGEST, - for standard input; "
      "docker-daemon:NAME, containerd:DIGEST; dir:FOLDER for a tree of files (docs/sources.md). Of a whole registry, what is no image "
      "(signatures, charts) or gone by now is told, and is no failure.",
      OutputFlags::explanation()};
  command.examples = {{"What is in an image of a registry", "landwaiter scan registry.example.com/team/shop:1.4"},
                      {"An image that docker built, before it is pushed", "docker save shop:1.4 | landwaiter scan -"},
                      {"Fail a pipeline on findings of high severity or worse, with a table in its log and a report for others",
                       "landwaiter scan --fail-on high -o sarif=x.sarif -o table oci:image"},
                      {"A whole registry, with a login", "landwaiter scan --registry harbor.example.com --token-stdin < token"}};
  command.exits = {{exit_done, "every image was read, and no --fail-on rule is met"},
                   {exit_rule_met, "a --fail-on rule is met, whatever else could not be read"},
                   {exit_usage, "the command line, a configuration file or an output is wrong; nothing is gated"},
                   {exit_some_failed, "an image could not be read, or not completely, or --fail-on had no image to judge"},
                   {exit_stopped, "stopped by a signal"}};
  command.run = [this] { return run(); };
}

void ScanFlags::add_images_to(Command& command) {
  command.begin_group(kImagesGroup);
  command.add_option("images", options_.images, "Images to scan")->option_text("IMAGE");
  command.add_option("-c,--config", config_file_, "Take images and credentials from a container-config.yml")->option_text("FILE");
  command.add_option("--registry", options_.registries, "Scan all images of this registry, HOST[:PORT] or a URL")->option_text("REGISTRY");
  connection_.add_kind_to(command);
  options_.filter.add_to(command);
  auto* platform =
      command.add_option("--platform", options_.filter.work.platforms, "Scan only this platform of multi-platform images (linux/amd64)")
          ->option_text("PLATFORM");
  command.suggest(platform, usual_platforms());
  add_settings_option(command);
  command.add_option("--containerd-root", containerd_root_, "Folder of the containerd that containerd:DIGEST reads")->option_text("DIR");
}

void ScanFlags::add_judging_to(Command& command) {
  judging_.add_to(command);
  judging_.add_policy_to(command);
  command.add_flag("--no-password-tries", no_password_tries_, "Do not try well-known passwords on keystores");
}

void ScanFlags::add_speed_to(Command& command) {
  command.begin_group(kSpeedGroup);
  command.add_option("--state", state_, "Where to store digests and reports (default: ~/.local/state/landwaiter)")->option_text("DIR");
  command.add_flag("--no-state", no_state_, "Store nothing");
  command.add_flag("--full", options_.full, "Read every layer again, even if it is known");
  command.add_option("--workers", options_.workers, "Layers to scan at once (default: one per core)")
      ->option_text("N")
      ->check(CLI::Range(1, 64));
  command
      .add_option("--memory", memory_,
                  "Memory for each layer that is read, such as 128M, which large windows of zstd or xz need (default: 48M)")
      ->option_text("SIZE");
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
  auto report = output_.finish();
  if (!report) return report.error();
  options_.report = *std::move(report);
  auto judging = judging_.finish();
  if (!judging) return judging.error();
  options_.judging = *std::move(judging);
  if (!memory_.empty()) {
    auto bytes = parse_memory(memory_);
    if (!bytes) return bytes.error();
    options_.memory_bytes = *bytes;
  }
  options_.try_passwords = !no_password_tries_;
  options_.worst_first = sort_ == "severity";
  const auto is_table = [](const OutputChoice& each) { return each.format == "table"; };
  if (options_.worst_first && !std::ranges::all_of(options_.report.outputs, is_table)) {
    return Error(ErrorCode::invalid_argument, "--sort severity is for tables: the other formats have images by name");
  }
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
