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

/// Databases, logs, the sensor's connections and readers.
constexpr std::uint64_t kOtherDescriptors = 512;

/// "ADDRESS:PORT", "[::1]:PORT" or "PORT".
Result<void> parse_listen(const char* option, const std::string& text, HttpServerConfig& config) {
  const std::size_t colon = text.rfind(':');
  std::string address = colon == std::string::npos ? "" : text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size() || number > 65535) {
    return Error(ErrorCode::invalid_argument, std::string(option) + " must be ADDRESS:PORT, not \"" + text + '"');
  }
  if (!address.empty()) config.address = address;
  config.port = static_cast<std::uint16_t>(number);
  return {};
}

std::string url_of(const HttpServerConfig& config, std::uint16_t port) {
  const std::string host = config.address.find(':') == std::string::npos ? config.address : '[' + config.address + ']';
  return (config.tls_certificate.empty() ? "http://" : "https://") + host + ":" + std::to_string(port);
}

/// The first start writes an administrator's token to the state folder, readable only by its owner.
Result<void> leave_admin_token(const PlatformConfig& config, const Clock& clock) {
  const std::filesystem::path file = config.state_directory / "admin.token";
  std::error_code unknown;
  const bool empty = std::filesystem::is_regular_file(file, unknown) && std::filesystem::file_size(file, unknown) == 0;
  if (empty && !unknown) std::filesystem::remove(file, unknown);  // what a kill left, or a touch: nobody has a token by it
  if (std::filesystem::exists(file, unknown)) return {};          // and perhaps in use
  auto token = issue_token(config, TokenKind::api, "administrator", std::nullopt, clock);
  if (!token) return token.error();
  std::string line = token->reveal() + "\n";
  const auto made = create_private_file(file, line);
  wipe(line);
  if (!made) return made.error();
  return {};
}

/// Each connection is a descriptor. Fewer connections than asked for are better than none for the database.
void make_room_for_connections(DoorConfig& door) {
  const std::uint64_t wanted = door.connections_max + kOtherDescriptors;
  const std::uint64_t allowed = allow_descriptors(wanted);
  if (allowed == 0 || allowed >= wanted) return;
  door.connections_max = static_cast<std::size_t>(allowed > 2 * kOtherDescriptors ? allowed - kOtherDescriptors : allowed / 2);
  log_event(LogLevel::warning, "fewer connections than asked for: the limit on open files is low",
            {{"connections", door.connections_max}, {"open_files", allowed}});
}

/// For whoever started it; what runs it waits for the last line.
void show_banner(const PlatformConfig& config, const Platform& server) {
  const std::string state = config.state_directory.string();
  std::cout << "landwaiter-platform " LANDWAITER_VERSION "\n"
            << "state folder: " << state << "\n"
            << "database: " << server.database_name() << "\n"
            << "administrator's token: " << (config.state_directory / "admin.token").string()
            << "; for others: landwaiter-platform token create --state " << state << "\n"
            << (config.metrics ? "metrics: " + url_of(*config.metrics, server.metrics_port()) + "/metrics\n" : "") << "listening on "
            << url_of(config.http, server.port()) << std::endl;
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
  command.add_option("--tls-key", tls_key_, "Its private key in PEM; both files are read again at SIGHUP and when they change")
      ->option_text("FILE");
  command
      .add_option("--trusted-proxy", trusted_proxies_,
                  "A proxy that speaks TLS for the platform; whom it names in X-Forwarded-For counts as the caller. May be repeated")
      ->option_text("ADDRESS|CIDR");
  command.add_flag("--insecure-http", insecure_http_, "Serve plain HTTP to other machines: whoever is on the way can read the tokens");
  command.add_option("--connections", connections_, "Open connections at once (default: " + std::to_string(connections_) + ")")
      ->check(CLI::Range(16, 1'000'000));
  command
      .add_option("--connections-per-peer", connections_per_peer_,
                  "Of one address; loopback and trusted proxies have no limit (default: " + std::to_string(connections_per_peer_) + ")")
      ->check(CLI::Range(1, 1'000'000));
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
  command
      .add_option("--stop-delay-s", stop_delay_s_,
                  "Seconds to go on after SIGTERM, while /readyz already says no to a load balancer (default: 0)")
      ->check(CLI::Range(0, 600));
  command
      .add_option("--master-key-file", master_key_file_,
                  "The key of stored credentials, the same for all platforms of one database (default: master.key in the state folder)")
      ->option_text("FILE");
}

void ServeCommand::add_judging_options(daemon::Command& command) {
  command.begin_group("Judging");
  command.add_option("--policy", policy_, "Policy for findings: nist-800-131a (the default), nist-ir-8547, cnsa-2.0, none, or a YAML file")
      ->option_text("NAME|FILE");
  command.add_option("--blocklist", blocklist_, "List of known compromised keys, in badkeys format")->option_text("FILE");
}

void ServeCommand::add_log_options(daemon::Command& command) {
  command.begin_group("Log and metrics");
  command.add_option("--log-level", log_level_, "debug, info (the default), warning or error")->option_text("LEVEL");
  command
      .add_option("--metrics-listen", metrics_listen_,
                  "Where to serve metrics for Prometheus, at /metrics and without a token, such as 127.0.0.1:9480 (default: nowhere)")
      ->option_text("ADDRESS:PORT");
  command.add_flag("--log-json", log_json_, "Log one JSON object per line");
  command.add_flag("--access-log", access_log_, "Log each request; those that are refused are logged anyway");
}

Result<void> ServeCommand::finish_door(HttpServerConfig& http) const {
  http.tls_certificate = tls_certificate_;
  http.tls_key = tls_key_;
  http.insecure_http = insecure_http_;
  http.access_log = access_log_;
  for (const std::string& proxy : trusted_proxies_) {
    auto range = AddressRange::parse(proxy);
    if (!range) return range.error().with_context("--trusted-proxy");
    http.door.trusted_proxies.push_back(*range);
  }
  http.door.connections_max = connections_;
  http.door.connections_per_peer_max = connections_per_peer_;
  auto listen = parse_listen("--listen", listen_, http);
  if (!listen) return listen.error();
  return check_exposure(http);
}

Result<PlatformConfig> ServeCommand::finish() {
  PlatformConfig config;
  place_.apply_to(config);
  config.lease = std::chrono::seconds(lease_s_);
  config.image_time_max = std::chrono::seconds(image_time_s_);
  config.stop_delay = std::chrono::seconds(stop_delay_s_);
  config.master_key_file = master_key_file_;
  auto door = finish_door(config.http);
  if (!door) return door.error();
  if (!metrics_listen_.empty()) {
    auto listen = parse_listen("--metrics-listen", metrics_listen_, config.metrics.emplace());
    if (!listen) return listen.error();
    // They hold no secret; who listens elsewhere than on loopback keeps others away by other means.
    config.metrics->insecure_http = true;
  }
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
  auto finished = finish();
  if (!finished) return fail(finished.error(), exit_usage);
  PlatformConfig& config = *finished;

  ignore_hangups();
  start_logging(log_level_, log_json_);
  make_room_for_connections(config.http.door);
  const RealClock clock;
  const auto lock = FolderLock::take(config.state_directory, clock.now());
  if (!lock) return fail(lock.error());
  boost::asio::io_context io(1);
  auto server = Platform::create(config, clock);
  if (!server) return fail(server.error());
  auto token = leave_admin_token(config, clock);
  if (!token) return fail(token.error());
  auto started = (*server)->start(io);
  if (!started) return fail(started.error(), started.error().code() == ErrorCode::configuration ? exit_usage : exit_failed);

  std::unique_ptr<daemon::Sensor> sensor;
  if (embedded_sensor_) {
    auto made = make_embedded_sensor(io, **server, config, sensor_, clock);
    if (!made) return fail(made.error());
    sensor = *std::move(made);
  }
  show_banner(config, **server);
  const auto service_host = daemon::make_service_host(io);
  Service service(io, *service_host, **server, std::move(sensor));
  service_host->ready();
  io.run();
  return service.result() ? exit_done : fail(service.result().error());
}

}  // namespace landwaiter::platform
