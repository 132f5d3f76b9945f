// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/serve_command.hpp"

#include "core/base/log.hpp"
#include "core/os/files.hpp"
#include "core/os/folder_lock.hpp"
#include "core/os/process.hpp"
#include "daemon/settings/blocklist_file.hpp"
#include "daemon/settings/policy_file.hpp"
#include "platform/commands/exit_code.hpp"

#include <charconv>
#include <filesystem>
#include <iostream>
#include <utility>

namespace landwaiter::platform {
namespace {

/// "ADDRESS:PORT", "[::1]:PORT" or "PORT".
Result<void> parse_listen(const std::string& text, PlatformConfig& config) {
  const std::size_t colon = text.rfind(':');
  std::string address = colon == std::string::npos ? "" : text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() || number > 65535) {
    return Error(ErrorCode::invalid_argument, "--listen must be ADDRESS:PORT, not \"" + text + '"');
  }
  if (!address.empty()) config.listen_address = address;
  config.port = static_cast<std::uint16_t>(number);
  return {};
}

/// The first start writes an administrator's token to the state folder, readable only by its owner.
Result<void> leave_admin_token(const PlatformConfig& config, const Clock& clock) {
  const std::filesystem::path file = config.state_directory / "admin.token";
  std::error_code unknown;
  if (std::filesystem::exists(file, unknown)) return {};  // and perhaps in use
  auto token = issue_token(config, TokenKind::api, "administrator", std::nullopt, clock);
  if (!token) return token.error();
  std::string line = token->reveal() + "\n";
  const auto made = create_private_file(file, line);
  wipe(line);
  if (!made) return made.error();
  return {};
}

}  // namespace

void ServeCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("serve", "Serve the API until SIGTERM");
  place_.add_to(command);
  place_.add_reports_to(command);
  add_door_options(command);
  add_work_options(command);
  add_judging_options(command);
  add_log_options(command);
  command.examples = {{"On this machine, with a sensor of its own", "landwaiter-platform serve --state ./platform --embedded-sensor"}};
  command.exits = {{exit_done, "stopped by a signal"},
                   {exit_usage, "the command line or a configuration file is wrong"},
                   {exit_failed, "it cannot run: the message says why"}};
  command.run = [this] { return run(); };
}

void ServeCommand::add_door_options(daemon::Command& command) {
  command.begin_group("Door");
  command.add_option("--listen", listen_, "Where to listen; port 0 picks a free one (default: " + listen_ + ")")
      ->option_text("ADDRESS:PORT");
  command.add_option("--tls-cert", tls_certificate_, "Certificate chain in PEM; without it the platform serves plain HTTP")
      ->option_text("FILE");
  command.add_option("--tls-key", tls_key_, "Its private key in PEM")->option_text("FILE");
}

void ServeCommand::add_work_options(daemon::Command& command) {
  command.begin_group("Work");
  command.add_flag("--embedded-sensor", embedded_sensor_, "Run a sensor in this process");
  command.add_option("--workers", sensor_.workers, "Layers that the embedded sensor scans at once (default: one per core)")
      ->check(CLI::Range(std::size_t{0}, limits::workers_max));
  command.add_option("--jobs", sensor_.jobs, "Jobs that the embedded sensor runs at once (default: 4)")->check(CLI::Range(1, 20));
  command.add_option("--lease-s", lease_s_, "Seconds without a heartbeat after which a job goes to another sensor (default: 60)")
      ->check(CLI::Range(1, 3600));
  command
      .add_option("--image-time-s", image_time_s_, "Seconds that one sensor may read one image, before the image fails (default: a day)")
      ->check(CLI::Range(60, 30 * 24 * 3600));
}

void ServeCommand::add_judging_options(daemon::Command& command) {
  command.begin_group("Judging");
  command.add_option("--policy", policy_, "Policy for findings: nist-800-131a (the default), nist-ir-8547, cnsa-2.0, none, or a YAML file")
      ->option_text("NAME|FILE");
  command.add_option("--blocklist", blocklist_, "List of known compromised keys, in badkeys format")->option_text("FILE");
}

void ServeCommand::add_log_options(daemon::Command& command) {
  command.begin_group("Log");
  command.add_option("--log-level", log_level_, "debug, info (the default), warning or error")->option_text("LEVEL");
  command.add_flag("--log-json", log_json_, "Log one JSON object per line");
}

Result<PlatformConfig> ServeCommand::finish() {
  PlatformConfig config;
  place_.apply_to(config);
  config.tls_certificate = tls_certificate_;
  config.tls_key = tls_key_;
  config.lease = std::chrono::seconds(lease_s_);
  config.image_time_max = std::chrono::seconds(image_time_s_);
  auto listen = parse_listen(listen_, config);
  if (!listen) return listen.error();
  auto policy = daemon::load_policy(policy_);
  if (!policy) return policy.error();
  config.policy = *std::move(policy);
  if (!blocklist_.empty()) {
    auto blocklist = daemon::open_blocklist(blocklist_);
    if (!blocklist) return blocklist.error();
    config.blocklist = *std::move(blocklist);
  }
  return config;
}

int ServeCommand::run() {
  const auto finished = finish();
  if (!finished) return fail(finished.error(), exit_usage);
  const PlatformConfig& config = *finished;

  ignore_hangups();
  start_logging(log_level_, log_json_);
  const RealClock clock;
  const auto lock = FolderLock::take(config.state_directory, clock.now());
  if (!lock) return fail(lock.error());
  boost::asio::io_context io(1);
  auto server = Platform::create(config, clock);
  if (!server) return fail(server.error());
  auto token = leave_admin_token(config, clock);
  if (!token) return fail(token.error());
  auto started = (*server)->start(io);
  if (!started) return fail(started.error());

  std::unique_ptr<daemon::Sensor> sensor;
  if (embedded_sensor_) {
    auto made = make_embedded_sensor(io, **server, config, sensor_, clock);
    if (!made) return fail(made.error());
    sensor = *std::move(made);
  }
  const std::string host = config.listen_address.find(':') == std::string::npos ? config.listen_address : '[' + config.listen_address + ']';
  const char* scheme = config.tls_certificate.empty() ? "http://" : "https://";
  std::cout << "listening on " << scheme << host << ":" << (*server)->port() << std::endl;
  const auto service_host = daemon::make_service_host(io);
  Service service(io, *service_host, **server, std::move(sensor));
  service_host->ready();
  io.run();
  return service.result() ? exit_done : fail(service.result().error());
}

}  // namespace landwaiter::platform
