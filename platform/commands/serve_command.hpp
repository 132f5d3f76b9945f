// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/embedded_sensor.hpp"
#include "platform/commands/place_options.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

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
  Result<void> finish_door(HttpServerConfig& http) const;
  /// What the options say, as far as files and texts can be wrong. Called once.
  Result<PlatformConfig> finish();
  int run();

  PlaceOptions place_;
  std::string listen_ = "127.0.0.1:8480";
  std::string tls_certificate_;
  std::string tls_key_;
  std::vector<std::string> trusted_proxies_;
  bool insecure_http_ = false;
  std::size_t connections_ = DoorConfig().connections_max;
  std::size_t connections_per_peer_ = DoorConfig().connections_per_peer_max;
  std::string log_level_ = "info";
  bool log_json_ = false;
  bool access_log_ = false;
  std::string metrics_listen_;
  bool embedded_sensor_ = false;
  EmbeddedSensorOptions sensor_;
  std::string policy_ = "nist-800-131a";
  std::string blocklist_;
  std::int64_t lease_s_ = limits::lease_default.count();
  std::int64_t image_time_s_ = limits::image_time_max.count();
  std::int64_t stop_delay_s_ = 0;
  std::string master_key_file_;
};

}  // namespace landwaiter::platform
