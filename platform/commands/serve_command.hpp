// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/embedded_sensor.hpp"
#include "platform/commands/place_options.hpp"

#include <cstdint>
#include <string>

namespace landwaiter::platform {

/// `serve`
class ServeCommand {
 public:
  void add_to(daemon::Command& program);

 private:
  void add_door_options(daemon::Command& command);
  void add_work_options(daemon::Command& command);
  void add_judging_options(daemon::Command& command);
  void add_log_options(daemon::Command& command);
  /// What the options say, as far as files and texts can be wrong. Called once.
  Result<PlatformConfig> finish();
  int run();

  PlaceOptions place_;
  std::string listen_ = "127.0.0.1:8080";
  std::string tls_certificate_;
  std::string tls_key_;
  std::string log_level_ = "info";
  bool log_json_ = false;
  bool embedded_sensor_ = false;
  EmbeddedSensorOptions sensor_;
  std::string policy_ = "nist-800-131a";
  std::string blocklist_;
  std::int64_t lease_s_ = limits::lease_default.count();
  std::int64_t image_time_s_ = limits::image_time_max.count();
};

}  // namespace landwaiter::platform
