// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/os/heap.hpp"
#include "core/os/locale.hpp"
#include "core/os/process.hpp"
#include "core/wire/registry_kinds.hpp"
#include "daemon/commands/check_command.hpp"
#include "daemon/commands/connection_options.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/list_command.hpp"
#include "daemon/commands/scan_command.hpp"
#include "daemon/commands/sensor_command.hpp"
#include "daemon/reader/reader_process.hpp"
#include "daemon/settings/credentials_file.hpp"
#include "daemon/settings/network.hpp"

#include <sodium.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>

namespace {

using namespace landwaiter;
using namespace landwaiter::daemon;

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 a --fail-on rule matched, 2 usage, configuration or output, 3 some image could not be read, or not\n"
    "completely, 130 stopped; of several, 2 comes before 130, 1 and 3";

/// The options of every command that talks to a registry.
struct ConnectionFlags {
  ConnectionOptions options;
  std::string username;
  bool password_stdin = false;
  bool token_stdin = false;
  std::string token;
  std::string credentials_file;
  bool insecure = false;
  std::string proxy;  ///< may contain a password

  void add_to(CLI::App& command) {
    command.add_option("--username", username, "User name for the registry");
    command.add_flag("--password-stdin", password_stdin, "Read the password from standard input");
    command.add_flag("--token-stdin", token_stdin, "Read an access token from standard input; takes precedence over a password");
    command.add_option("--token", token, "Access token; visible to other users of this machine, so prefer --token-stdin");
    command.add_option("--credentials", credentials_file, "JSON file with credentials, including cloud keys; - reads standard input");
    command.add_flag("--plain-http", options.plain_http, "Speak HTTP without TLS (loopback registries need no flag)");
    command.add_flag("--insecure", insecure, "Do not verify the registry's TLS certificate");
    add_network_to(command, options.network);
  }

  void add_network_to(CLI::App& command, NetworkSettings& network) {
    command.add_option("--ca-file", network.ca_file, "PEM file with certificate authorities to trust in addition to the system's")
        ->check(CLI::ExistingFile);
    auto* certificate =
        command.add_option("--client-cert", network.client_cert_file, "PEM file with a client certificate for registries that require one");
    auto* key = command.add_option("--client-key", network.client_key_file, "PEM file with its key");
    certificate->check(CLI::ExistingFile)->needs(key);
    key->check(CLI::ExistingFile)->needs(certificate);
    command.add_option("--certs-dir", network.certs_directories, "Folder like /etc/docker/certs.d, which is read as well; may be repeated")
        ->check(CLI::ExistingDirectory);
    command.add_option("--proxy", proxy, "Proxy for registries, http://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY)");
    command.add_option("--no-proxy", network.no_proxy, "Hosts, domains and networks to reach directly (default: NO_PROXY); * for all");
    command.add_option("--limit-rate", network.limit_rate, "Limit for all downloads together in bytes per second, such as 500K or 10M");
    command.add_option("--min-layer-rate", network.min_layer_rate,
                       "End a layer that its registry sends slower than this on average, after five minutes (default: 256K; 0: never)");
    command.add_option("--connections", network.connections, "Connections to one registry")->check(CLI::Range(1, 64));
    command
        .add_option("--foreign-private-addresses", network.foreign_private_addresses,
                    "allow or deny: whether token realms and redirects may lead to private networks")
        ->check(CLI::IsMember({"allow", "deny"}));
  }

  /// Reads the credentials from a file or standard input; for a password or token, the first line.
  Result<ConnectionOptions> finish() {
    options.tls_verify = !insecure;
    options.network.proxy = Secret(proxy);
    wipe(proxy);
    auto network = transport_options(options.network, process_environment(), true);
    if (!network) return network.error();
    auto floor = rate_floor(options.network, 1);
    if (!floor) return floor.error();
    if (!credentials_file.empty()) {
      if (password_stdin || token_stdin || !username.empty() || !token.empty()) {
        return Error(ErrorCode::invalid_argument,
                     "--credentials cannot be combined with --username, --password-stdin, --token or --token-stdin");
      }
      auto read = read_credentials(credentials_file);
      if (!read) return read.error();
      options.credentials = *std::move(read);
      return std::move(options);
    }
    if (password_stdin && token_stdin) {
      return Error(ErrorCode::invalid_argument, "--password-stdin and --token-stdin both read standard input; give one");
    }
    if (password_stdin && username.empty()) return Error(ErrorCode::invalid_argument, "--password-stdin needs --username");
    Secret password;
    Secret access_token(token);
    wipe(token);
    if (password_stdin || token_stdin) {
      std::string line;
      std::getline(std::cin, line);
      (password_stdin ? password : access_token) = Secret(std::string(trim(line)));
      wipe(line);
    }
    options.credentials = Credentials::from_login(username, std::move(password), std::move(access_token));
    return std::move(options);
  }
};

/// An option takes one value and is repeated for more: otherwise it would take the images behind it for further values.
void take_single_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && option->get_items_expected_max() > 1) option->allow_extra_args(false);
  }
  for (CLI::App* command : app.get_subcommands({})) take_single_values(*command);
}

void add_output_options(CLI::App& command, std::string& format, std::string& output) {
  command.add_option("--format", format, "table or json")->check(CLI::IsMember({"table", "json"}));
  command.add_option("--output,-o", output, "Write the result to this file");
}

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

struct ScanFlags {
  ScanOptions options;
  ConnectionFlags connection;
  std::string config_file;
  std::string state;
  std::string memory;
  bool no_state = false;
  bool quiet = false;
  std::vector<std::string> fail_on;

  CLI::App* add_to(CLI::App& app) {
    CLI::App* command =
        app.add_subcommand("scan",
                           "Scan images: [docker://]REF, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME]; "
                           "FILE may be - for standard input, :NAME also @DIGEST");
    command->add_option("images", options.images, "Images to scan");
    command->add_option("-c,--config", config_file, "Take images and credentials from a container-config.yml");
    command->add_option("--registry", options.registries, "Scan all images of this registry, HOST[:PORT] or a URL; may be repeated");
    command->add_option("--kind", connection.options.kind, "Kind of registry (default: auto, which detects it)")
        ->check(CLI::IsMember(registry_kind_names()));
    command->add_option("--format", options.format, "table, json, cyclonedx, sarif or csv")
        ->check(CLI::IsMember({"table", "json", "cyclonedx", "sarif", "csv"}));
    command->add_option("--cyclonedx-version", options.cyclonedx_version, "1.6 or 1.7 (default: 1.6)")
        ->check(CLI::IsMember({"1.6", "1.7"}));
    command->add_option("--output,-o", options.output, "Write the result to this file");
    command->add_flag("--all", options.all, "List every finding in the table, including those that need no action");
    command->add_option("--policy", options.policy,
                        "Policy for findings: nist-800-131a (the default), nist-ir-8547, cnsa-2.0, none, or a YAML file");
    command->add_option("--ignore-file", options.ignore_file,
                        "Findings that are accepted, with reasons (default: .landwaiterignore.yml, if it exists); docs/accepting.md");
    command->add_option("--baseline", options.baseline, "An earlier report in JSON: what it has is accepted, and only what is new counts");
    command->add_option("--blocklist", options.blocklist, "List of known compromised keys, in badkeys format")->check(CLI::ExistingFile);
    command->add_flag("!--no-password-tries", options.try_passwords, "Do not try well-known passwords on keystores");
    command->add_option(
        "--fail-on", fail_on,
        "Exit with 1 if a finding matches SEVERITY, TYPE, TYPE:SEVERITY or an issue's code, or an image is not-opened or incomplete; a "
        "list with commas, may be repeated");
    command->add_option("--platform", options.platforms, "Scan only this platform of multi-platform images (linux/amd64); may be repeated");
    command->add_option("--state", state, "Where to store digests and reports (default: ~/.local/state/landwaiter)");
    command->add_flag("--no-state", no_state, "Store nothing");
    command->add_flag("--full", options.full, "Read every layer again, even if it is known");
    command->add_option("--workers", options.workers, "Layers to scan at once (default: one per core)")->check(CLI::Range(1, 64));
    command->add_option("--memory", memory,
                        "Memory for each layer that is read, such as 128M, which large windows of zstd or xz need (default: 48M)");
    command->add_flag("--quiet,-q", quiet, "Show no progress on the terminal");
    connection.add_to(*command);
    command->footer(std::string(kExitCodes) +
                    "\nOf a whole registry, what is no image (signatures, charts) or gone by now is told, and is no failure.");
    return command;
  }

  int run() {
    auto connected = connection.finish();
    if (!connected) return fail_usage(connected.error());
    options.connection = *std::move(connected);
    if (!config_file.empty()) {
      auto applied = apply_container_config(config_file, options);
      if (!applied) return fail_usage(applied.error());
    }
    const bool reads_login = connection.password_stdin || connection.token_stdin || connection.credentials_file == "-";
    if (reads_login && std::ranges::any_of(options.images, is_sent_to_us)) {
      return fail_usage(Error(ErrorCode::invalid_argument, "an archive and credentials cannot both come from standard input"));
    }
    if (options.images.empty() && options.registries.empty())
      return fail_usage(Error(ErrorCode::invalid_argument, "no container images were stated"));
    for (const std::string& text : fail_on) {
      auto rules = FailRule::parse_list(text);
      if (!rules) return fail_usage(rules.error());
      options.fail_on.insert(options.fail_on.end(), rules->begin(), rules->end());
    }
    if (!memory.empty()) {
      auto bytes = parse_memory(memory);
      if (!bytes) return fail_usage(bytes.error());
      options.memory_bytes = *bytes;
    }
    options.progress = !quiet;
    options.state = StateFolder::choose(state, no_state, process_environment());
    return run_scan(std::move(options), process_environment());
  }
};

struct ListFlags {
  ListOptions options;
  ConnectionFlags connection;
  std::string state;
  bool no_state = false;
  bool quiet = false;

  CLI::App* add_to(CLI::App& app) {
    CLI::App* command = app.add_subcommand("list", "List a registry's repositories, tags and manifests");
    command->add_option("registry", options.registry, "HOST[:PORT], a URL, or docker://HOST/REPOSITORY for one repository")->required();
    command->add_option("--format", options.format, "table, json, or jsonl (one JSON object per line)")
        ->check(CLI::IsMember({"table", "json", "jsonl"}));
    command->add_option("--output,-o", options.output, "Write the result to this file");
    add_filters(*command);
    command->add_option("--kind", connection.options.kind, "Kind of registry (default: auto, which detects it)")
        ->check(CLI::IsMember(registry_kind_names()));
    command->add_option("--state", state, "Where to store manifests (default: ~/.local/state/landwaiter)");
    command->add_flag("--no-state", no_state, "Store nothing");
    command->add_flag("--quiet,-q", quiet, "Show no progress on the terminal");
    connection.add_to(*command);
    command->footer(
        "Exit codes: 0 everything was listed, 2 usage, configuration or output, 3 some things could not be listed (the rest is in the "
        "result), 130 stopped");
    return command;
  }

  void add_filters(CLI::App& command) {
    protocol::ListWork& work = options.work;
    command.add_option("--repository", work.repositories, "Only these repositories; * and ? are wildcards; may be repeated");
    command.add_option("--exclude-repository", work.exclude_repositories, "Skip these repositories; may be repeated");
    command.add_option("--tag", work.tags, "Only these tags; * and ? are wildcards; may be repeated");
    command.add_option("--exclude-tag", work.exclude_tags, "Skip these tags; may be repeated");
    command.add_option("--newest", work.newest, "Only the newest N tags of each repository")
        ->check(CLI::Range(std::size_t{1}, limits::newest_max));
    command.add_option("--pushed", options.pushed,
                       "Only images pushed in this window: today, yesterday, last-7-days, last-14-days, last-30-days, N (days), or "
                       "FROM..TO (dates or timestamps)");
    command.add_option("--utc-offset", options.utc_offset, "Time zone in which days begin, like +02:00 (default: UTC)");
    command.add_option("--platform", work.platforms, "Only this platform (linux/amd64); may be repeated");
    command.add_flag("--created", options.created, "Read each image's config for its platform and creation time");
  }

  int run() {
    auto connected = connection.finish();
    if (!connected) return fail_usage(connected.error());
    options.connection = *std::move(connected);
    options.progress = !quiet;
    options.state = StateFolder::choose(state, no_state, process_environment());
    return run_list(std::move(options), process_environment());
  }
};

struct CheckFlags {
  CheckOptions options;
  ConnectionFlags connection;

  CLI::App* add_to(CLI::App& app) {
    CLI::App* registry = app.add_subcommand("registry", "Work with a registry");
    registry->require_subcommand(1);
    CLI::App* command = registry->add_subcommand("check", "Test step by step what a scan needs, and say what to do if a step fails");
    command->add_option("registry", options.registry, "HOST[:PORT] or a URL")->required();
    command->add_option("--repository", options.repository, "Test this repository instead of the first in the catalog");
    command->add_option("--kind", connection.options.kind, "Kind of registry (default: auto, which detects it)")
        ->check(CLI::IsMember(registry_kind_names()));
    add_output_options(*command, options.format, options.output);
    connection.add_to(*command);
    return command;
  }

  int run() {
    auto connected = connection.finish();
    if (!connected) return fail_usage(connected.error());
    options.connection = *std::move(connected);
    return run_check(std::move(options), process_environment());
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (const auto ended = run_reader_process(argc, argv)) return *ended;
  hold_standard_streams();
  share_one_heap();
  return_large_blocks();
  keep_memory_private();
  use_utf8_names();
  ignore_broken_pipes();
  if (sodium_init() < 0) return fail_usage(Error(ErrorCode::internal, "libsodium cannot be initialized"));

  CLI::App app("Landwaiter: finds cryptographic assets in container images, without pulling them to disk", "landwaiter");
  app.set_version_flag("--version", std::string("landwaiter " LANDWAITER_VERSION));
  app.footer(kExitCodes);
  app.require_subcommand(1);
  ScanFlags scan;
  ListFlags list;
  CheckFlags check;
  std::string sensor_config;
  const CLI::App* scan_command = scan.add_to(app);
  const CLI::App* list_command = list.add_to(app);
  const CLI::App* check_command = check.add_to(app);
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
  if (*scan_command) return scan.run();
  if (*list_command) return list.run();
  if (*check_command) return check.run();
  return run_sensor(sensor_config, process_environment());
}
