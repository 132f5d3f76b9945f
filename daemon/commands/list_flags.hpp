// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/connection_flags.hpp"
#include "daemon/commands/list_command.hpp"
#include "daemon/commands/progress_flags.hpp"

#include <string>

namespace landwaiter::daemon {

/// `landwaiter list` on the command line.
class ListFlags {
 public:
  CLI::App* add_to(CLI::App& app);
  /// After parsing, once; an ExitCode.
  int run();

 private:
  ListOptions options_;
  ConnectionFlags connection_;
  std::string state_;
  bool no_state_ = false;
  bool quiet_ = false;
  ProgressFlags progress_;
};

}  // namespace landwaiter::daemon
