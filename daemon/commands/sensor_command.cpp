// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/sensor_command.hpp"

#include "core/base/log.hpp"
#include "core/os/process.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/scan_command.hpp"
#include "daemon/sensor/sensor.hpp"
#include "daemon/service/service.hpp"

#include <boost/asio/io_context.hpp>

#include <iostream>

namespace landwaiter::daemon {

int run_sensor(const std::string& config_file, const Environment& environment) {
  auto config = load_sensor_config(config_file, environment);
  if (!config) {
    std::cerr << "landwaiter: " << config.error().message() << "\n";
    return exit_usage;
  }
  forget_variables(config->secret_variables);
  ignore_hangups();
  start_logging(config->log_level, config->log_json);
  const RealClock clock;
  asio::io_context io(1);
  const auto host = make_service_host(io);
  Sensor sensor(io.get_executor(), *std::move(config), clock);
  sensor.tell(*host);
  host->on_stop([&sensor] { sensor.stop(); });

  Result<void> ended;
  auto finished = [&](std::exception_ptr failure, Result<void> result) {
    host->forget_stop();
    if (failure) std::rethrow_exception(failure);
    ended = std::move(result);
  };
  asio::co_spawn(io, sensor.run(), finished);
  io.run();
  if (ended || ended.error().code() == ErrorCode::cancelled) return exit_done;
  log_event(LogLevel::error, "sensor cannot work", {{"error", ended.error().message()}});
  return ended.error().code() == ErrorCode::configuration ? exit_usage : exit_some_failed;
}

}  // namespace landwaiter::daemon
