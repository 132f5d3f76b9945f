// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/cli/command.hpp"
#include "platform/platform.hpp"

#include <string>

namespace landwaiter::platform {

/// Where a platform keeps what it knows, as the options of every command name it.
class PlaceOptions {
 public:
  void add_to(daemon::Command& command);
  /// Also where layer reports are kept, for commands that read or write them.
  void add_reports_to(daemon::Command& command);
  /// Sets the folder and the database. Called once: the address may hold a password, and is wiped here.
  void apply_to(PlatformConfig& config);

 private:
  std::string state_ = "/var/lib/landwaiter-platform";
  std::string database_ = "sqlite";
  BlobOptions reports_;
};

}  // namespace landwaiter::platform
