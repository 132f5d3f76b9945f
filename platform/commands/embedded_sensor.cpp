// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/embedded_sensor.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace landwaiter::platform {

Result<std::unique_ptr<daemon::Sensor>> make_embedded_sensor(boost::asio::io_context& io, const Platform& server,
                                                             const PlatformConfig& config, const EmbeddedSensorOptions& options,
                                                             const Clock& clock) {
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
  auto token = issue_token(config, TokenKind::enrollment, "embedded sensor", std::chrono::minutes(10), clock);
  if (!token) return token.error();
  sensor.enrollment_token = *std::move(token);
  return std::make_unique<daemon::Sensor>(io.get_executor(), std::move(sensor), clock);
}

Service::Service(boost::asio::io_context& io, daemon::ServiceHost& host, Platform& server, std::unique_ptr<daemon::Sensor> sensor)
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
