// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/embedded_sensor.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>

namespace landwaiter::platform {

Result<std::unique_ptr<daemon::Sensor>> make_embedded_sensor(boost::asio::io_context& io, Platform& server, const PlatformConfig& config,
                                                             const EmbeddedSensorOptions& options, const Clock& clock) {
  daemon::SensorConfig sensor;
  sensor.name = "embedded";
  sensor.state_directory = config.state_directory / "sensor";
  sensor.workers = options.workers;
  sensor.jobs = options.jobs;
  sensor.drain_timeout = std::chrono::seconds(10);
  const auto port = server.listen_inside();
  if (!port) return port.error();
  sensor.platform_url = "http://127.0.0.1:" + std::to_string(*port);
  // One that is enrolled needs no other token; it would stay unused.
  std::error_code unknown;
  if (!std::filesystem::exists(sensor.state_directory / "sensor.key", unknown)) {
    auto token = issue_token(config, TokenKind::enrollment, "embedded sensor", std::chrono::minutes(10), clock);
    if (!token) return token.error();
    sensor.enrollment_token = *std::move(token);
  }
  return std::make_unique<daemon::Sensor>(io.get_executor(), std::move(sensor), clock);
}

Service::Service(boost::asio::io_context& io, daemon::ServiceHost& host, Platform& server, std::unique_ptr<daemon::Sensor> sensor)
    : host_(host), server_(server), sensor_(std::move(sensor)) {
  host_.on_stop([this] { stop(); });
  host_.on_reload([this] { server_.reload(); });
  if (!sensor_) return;
  auto ended = [this](std::exception_ptr failure, Result<void> result) {
    if (failure) std::rethrow_exception(failure);
    if (!result) result_ = result.error();
    stop_platform();
  };
  boost::asio::co_spawn(io, sensor_->run(), ended);
}

void Service::stop() {
  host_.stopping();
  if (sensor_) {
    sensor_->stop();
  } else {
    stop_platform();
  }
}

void Service::stop_platform() {
  host_.forget_stop();
  server_.stop();
}

}  // namespace landwaiter::platform
