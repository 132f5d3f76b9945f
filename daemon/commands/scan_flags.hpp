// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/connection_flags.hpp"
#include "daemon/commands/progress_flags.hpp"
#include "daemon/commands/scan_command.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

/// `landwaiter scan` on the command line.
class ScanFlags {
 public:
  CLI::App* add_to(CLI::App& app);
  /// After parsing, once; an ExitCode.
  int run();

 private:
  void add_images_to(CLI::App& command);
  void add_output_to(CLI::App& command);
  void add_judging_to(CLI::App& command);
  void add_speed_to(CLI::App& command);
  Result<void> finish();

  ScanOptions options_;
  ConnectionFlags connection_;
  std::string config_file_;
  std::string containerd_root_ = registry::kContainerdRoot;
  std::string state_;
  std::string memory_;
  bool no_state_ = false;
  bool quiet_ = false;
  ProgressFlags progress_;
  std::string least_;
  std::string sort_;
  std::vector<std::string> fail_on_;
};

}  // namespace landwaiter::daemon
