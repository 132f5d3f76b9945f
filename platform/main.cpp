// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"
#include "core/os/files.hpp"
#include "core/os/folder_lock.hpp"
#include "core/os/locale.hpp"
#include "core/os/process.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/reader/reader_process.hpp"
#include "daemon/sensor/sensor.hpp"
#include "daemon/service/service.hpp"
#include "daemon/settings/blocklist_file.hpp"
#include "daemon/settings/policy_file.hpp"
#include "platform/platform.hpp"

#include <sodium.h>
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

namespace {

using namespace landwaiter;
using platform::Platform;
using platform::PlatformConfig;
using platform::TokenKind;

/// The same as for `landwaiter`: 0 done, 2 usage or configuration, 3 cannot run.
enum ExitCode : int { exit_done = 0, exit_usage = 2, exit_failed = 3 };

int fail(const Error& error, int code = exit_failed) {
  std::cerr << "landwaiter-platform: " << error.message() << "\n";
  return code;
}

struct ServeOptions {
  std::string state = "/var/lib/landwaiter-platform";
  std::string database = "sqlite";
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate;
  std::string tls_key;
  std::string log_level = "info";
  bool log_json = false;
  bool embedded_sensor = false;
  std::size_t workers = 0;
  std::size_t jobs = 4;
  std::string policy = "nist-800-131a";
  std::string blocklist;
  std::int64_t lease_s = limits::lease_default.count();
  std::int64_t image_time_s = limits::image_time_max.count();
};

struct TokenOptions {
  std::string state = "/var/lib/landwaiter-platform";
  std::string database = "sqlite";
  std::string kind = "api";
  std::string name;
  std::int64_t expires_in_s = 0;
};

void add_database_option(CLI::App& command, std::string& database) {
  command
      .add_option("--database", database,
                  "sqlite (in the state folder) or postgresql://[USER@]HOST[:PORT]/NAME; leave the password to PGPASSFILE, since others on "
                  "this machine see the command line")
      ->envname("LANDWAITER_DATABASE")
      ->capture_default_str();
}

Secret database_address(std::string& given) {
  Secret address(given == "sqlite" ? "" : given);
  wipe(given);
  return address;
}

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
  auto token = platform::issue_token(config, TokenKind::api, "administrator", std::nullopt, clock);
  if (!token) return token.error();
  std::string line = token->reveal() + "\n";
  const auto made = create_private_file(file, line);
  wipe(line);
  if (!made) return made.error();
  return {};
}

/// A sensor in this process, which talks to the platform like any other, over loopback.
Result<std::unique_ptr<daemon::Sensor>> make_sensor(boost::asio::io_context& io, Platform& server, const ServeOptions& options,
                                                    const PlatformConfig& config, const Clock& clock) {
  daemon::SensorConfig sensor;
  sensor.name = "embedded";
  sensor.state_directory = config.state_directory / "sensor";
  sensor.workers = options.workers;
  sensor.jobs = options.jobs;
  sensor.drain_timeout = std::chrono::seconds(10);
  const std::string scheme = config.tls_certificate.empty() ? "http://" : "https://";
  sensor.platform_url = scheme + "127.0.0.1:" + std::to_string(server.port());
  // The certificate has the external host name, but this connection uses loopback.
  sensor.platform_tls_verify = false;
  auto token = platform::issue_token(config, TokenKind::enrollment, "embedded sensor", std::chrono::minutes(10), clock);
  if (!token) return token.error();
  sensor.enrollment_token = *std::move(token);
  return std::make_unique<daemon::Sensor>(io.get_executor(), std::move(sensor), clock);
}

/// Runs platform and sensor until a signal: first the sensor drains, then the platform stops.
class Service {
 public:
  Service(boost::asio::io_context& io, daemon::ServiceHost& host, Platform& server, std::unique_ptr<daemon::Sensor> sensor)
      : host_(host), server_(server), sensor_(std::move(sensor)) {
    host_.on_stop([this] { stop(); });
    if (!sensor_) return;
    auto ended = [this](std::exception_ptr failure, Result<void> result) {
      if (failure) std::rethrow_exception(failure);
      if (!result) result_ = result.error();
      stop_platform();
    };
    boost::asio::co_spawn(io, sensor_->run(), ended);
  }

  const Result<void>& result() const { return result_; }

 private:
  void stop() {
    host_.stopping();
    if (sensor_) {
      sensor_->stop();
    } else {
      stop_platform();
    }
  }

  void stop_platform() {
    host_.forget_stop();
    server_.stop();
  }

  daemon::ServiceHost& host_;
  Platform& server_;
  std::unique_ptr<daemon::Sensor> sensor_;
  Result<void> result_;
};

int serve(ServeOptions& options) {
  PlatformConfig config;
  config.state_directory = options.state;
  config.database = database_address(options.database);
  config.tls_certificate = options.tls_certificate;
  config.tls_key = options.tls_key;
  config.lease = std::chrono::seconds(options.lease_s);
  config.image_time_max = std::chrono::seconds(options.image_time_s);
  auto listen = parse_listen(options.listen, config);
  if (!listen) return fail(listen.error(), exit_usage);

  auto policy = daemon::load_policy(options.policy);
  if (!policy) return fail(policy.error(), exit_usage);
  config.policy = *std::move(policy);
  if (!options.blocklist.empty()) {
    auto blocklist = daemon::open_blocklist(options.blocklist);
    if (!blocklist) return fail(blocklist.error(), exit_usage);
    config.blocklist = *std::move(blocklist);
  }

  ignore_hangups();
  start_logging(options.log_level, options.log_json);
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
  if (options.embedded_sensor) {
    auto made = make_sensor(io, **server, options, config, clock);
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

int create_token(TokenOptions& options) {
  const auto kind = platform::token_kind_from(options.kind);
  if (!kind) return fail(Error(ErrorCode::invalid_argument, "--kind must be api, enrollment or sensor"), exit_usage);
  PlatformConfig config;
  config.state_directory = options.state;
  config.database = database_address(options.database);
  const RealClock clock;
  std::optional<std::chrono::seconds> lifetime;
  if (options.expires_in_s > 0) lifetime = std::chrono::seconds(options.expires_in_s);
  // An unused enrollment token is a risk.
  if (!lifetime && *kind == TokenKind::enrollment) lifetime = std::chrono::hours(24);
  auto token = platform::issue_token(config, *kind, options.name.empty() ? options.kind : options.name, lifetime, clock);
  if (!token) return fail(token.error());
  if (!(std::cout << token->reveal() << std::endl)) return fail(Error(ErrorCode::io, "standard output: the token cannot be written"));
  return exit_done;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto ended = daemon::run_reader_process(argc, argv)) return *ended;
  hold_standard_streams();
  keep_memory_private();
  use_utf8_names();
  ignore_broken_pipes();
  if (sodium_init() < 0) return fail(Error(ErrorCode::internal, "libsodium cannot be initialized"));

  CLI::App app("Landwaiter's platform: API, queue and findings for registry sensors", "landwaiter-platform");
  app.set_version_flag("--version", std::string("landwaiter-platform " LANDWAITER_VERSION));
  app.footer("Exit codes: 0 done, 2 usage or configuration, 3 cannot run");
  app.require_subcommand(1);

  ServeOptions serving;
  CLI::App* serve_command = app.add_subcommand("serve", "Serve the API until SIGTERM");
  serve_command->add_option("--state", serving.state, "Folder of the database and keys")->capture_default_str();
  add_database_option(*serve_command, serving.database);
  serve_command->add_option("--listen", serving.listen, "ADDRESS:PORT; port 0 picks a free one")->capture_default_str();
  serve_command->add_option("--tls-cert", serving.tls_certificate, "Certificate chain in PEM; without it the platform serves plain HTTP");
  serve_command->add_option("--tls-key", serving.tls_key, "Its private key in PEM");
  serve_command->add_flag("--embedded-sensor", serving.embedded_sensor, "Run a sensor in this process");
  serve_command->add_option("--workers", serving.workers, "Layers that the embedded sensor scans at once (0: one per core)")
      ->check(CLI::Range(std::size_t{0}, limits::workers_max));
  serve_command->add_option("--jobs", serving.jobs, "Jobs that the embedded sensor runs at once")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  serve_command->add_option("--lease-s", serving.lease_s, "Seconds without a heartbeat after which a job goes to another sensor")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  serve_command->add_option("--image-time-s", serving.image_time_s, "Seconds that one sensor may read one image, before the image fails")
      ->check(CLI::Range(60, 30 * 24 * 3600))
      ->capture_default_str();
  serve_command
      ->add_option("--policy", serving.policy,
                   "Policy for findings: nist-800-131a (the default), nist-ir-8547, cnsa-2.0, none, or a YAML file")
      ->capture_default_str();
  serve_command->add_option("--blocklist", serving.blocklist, "List of known compromised keys, in badkeys format");
  serve_command->add_option("--log-level", serving.log_level, "debug, info, warning or error")->capture_default_str();
  serve_command->add_flag("--log-json", serving.log_json, "Log one JSON object per line");

  TokenOptions token;
  CLI::App* token_command = app.add_subcommand("token", "Manage tokens");
  token_command->require_subcommand(1);
  CLI::App* create_command = token_command->add_subcommand("create", "Create a token and print it once");
  create_command->add_option("--state", token.state, "Folder of the database and keys")->capture_default_str();
  add_database_option(*create_command, token.database);
  create_command
      ->add_option("--kind", token.kind,
                   "api (people and programs), enrollment (enrolls one sensor) or sensor (enrolls any number of sensors)")
      ->capture_default_str();
  create_command->add_option("--name", token.name, "Description of its use");
  create_command->add_option("--expires-in-s", token.expires_in_s, "Seconds until it expires (default for enrollment: one day)");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_done : exit_usage;
  }
  return *serve_command ? serve(serving) : create_token(token);
}
