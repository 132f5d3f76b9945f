// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/sensor/sensor.hpp"
#include "daemon/service/service.hpp"
#include "platform/platform.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <memory>

namespace landwaiter::platform {

struct EmbeddedSensorOptions {
  std::size_t workers = 0;  ///< 0: one per core
  std::size_t jobs = 4;
};

/// A sensor in this process, which talks to the platform like any other, over a port of loopback of its own. `server` has
/// started.
Result<std::unique_ptr<daemon::Sensor>> make_embedded_sensor(boost::asio::io_context& io, Platform& server, const PlatformConfig& config,
                                                             const EmbeddedSensorOptions& options, const Clock& clock);

/// Runs platform and, if there is one, sensor until a signal: first the sensor drains, then the platform stops.
class Service {
 public:
  Service(boost::asio::io_context& io, daemon::ServiceHost& host, Platform& server, std::unique_ptr<daemon::Sensor> sensor);

  /// Once nothing is left to run.
  const Result<void>& result() const { return result_; }

 private:
  void stop();
  void stop_platform();

  daemon::ServiceHost& host_;
  Platform& server_;
  std::unique_ptr<daemon::Sensor> sensor_;
  Result<void> result_;
};

}  // namespace landwaiter::platform
