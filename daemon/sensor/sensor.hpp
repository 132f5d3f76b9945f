// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "daemon/reader/content_reader.hpp"
#include "daemon/service/service.hpp"
#include "daemon/settings/config.hpp"
#include "registry/client/image_source.hpp"

#include <memory>

namespace landwaiter::daemon {

/// The long-running sensor: enrolls once, then takes jobs from its platform, runs them and reports. Lives on one io thread.
class Sensor {
 public:
  /// `clock` must outlive it. Nothing happens before run(). `make_reader` is for tests that bring their own.
  Sensor(asio::any_io_executor executor, SensorConfig config, const Clock& clock, MakeContentReader make_reader = make_content_reader);
  ~Sensor();
  Sensor(const Sensor&) = delete;
  Sensor& operator=(const Sensor&) = delete;

  /// Who is to hear how it goes; must outlive it. Nobody, when not called.
  void tell(ServiceHost& host);

  /// Works until stop(): then takes no more jobs, lets running ones finish until the drain timeout, hands the rest back, and returns.
  /// While the platform is unreachable it waits and tries again. Permanent errors: no enrollment token, a refused one, no common version
  /// of the protocol, a state directory that cannot be used.
  Awaitable<void> run();

  /// The first call drains, the second gives running jobs back at once. On the io thread.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::daemon
