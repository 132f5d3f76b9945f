// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/scan_command.hpp"
#include "daemon/flags/connection_flags.hpp"
#include "daemon/flags/judging_flags.hpp"
#include "daemon/flags/output_flags.hpp"
#include "daemon/flags/progress_flags.hpp"

#include <string>

namespace landwaiter::daemon {

class Command;

/// `landwaiter scan` on the command line.
class ScanFlags {
 public:
  void add_to(Command& program);

 private:
  int run();
  void add_images_to(Command& command);
  void add_judging_to(Command& command);
  void add_speed_to(Command& command);
  Result<void> finish();

  ScanOptions options_;
  ConnectionFlags connection_;
  OutputFlags output_;
  JudgingFlags judging_;
  ProgressFlags progress_;
  std::string config_file_;
  std::string containerd_root_ = registry::kContainerdRoot;
  std::string state_;
  std::string memory_;
  std::string sort_;
  bool no_state_ = false;
  bool quiet_ = false;
  bool no_password_tries_ = false;
};

}  // namespace landwaiter::daemon
