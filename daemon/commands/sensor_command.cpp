// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/sensor_command.hpp"

#include "core/base/log.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/scan_command.hpp"
#include "daemon/sensor/sensor.hpp"

#include <systemd/sd-daemon.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <functional>
#include <iostream>

namespace landwaiter::daemon {

int run_sensor(const std::string& config_file, const Environment& environment) {
  auto config = load_sensor_config(config_file, environment);
  if (!config) {
    std::cerr << "landwaiter: " << config.error().message() << "\n";
    return exit_usage;
  }
  start_logging(config->log_level, config->log_json);
  const RealClock clock;
  asio::io_context io(1);
  Sensor sensor(io.get_executor(), *std::move(config), clock);
  sensor.on_state([](const std::string& state) { sd_notify(0, state.c_str()); });

  asio::signal_set signals(io, SIGINT, SIGTERM);
  std::function<void(boost::system::error_code, int)> on_signal = [&](boost::system::error_code error, int) {
    if (error) return;
    sensor.stop();
    signals.async_wait(on_signal);
  };
  signals.async_wait(on_signal);

  Result<void> ended;
  auto finished = [&](std::exception_ptr failure, Result<void> result) {
    signals.cancel();
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
