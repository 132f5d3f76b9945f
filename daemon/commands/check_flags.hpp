// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/check_command.hpp"
#include "daemon/commands/connection_flags.hpp"

namespace landwaiter::daemon {

/// `landwaiter registry check` on the command line.
class CheckFlags {
 public:
  CLI::App* add_to(CLI::App& app);
  /// After parsing, once; an ExitCode.
  int run();

 private:
  CheckOptions options_;
  ConnectionFlags connection_;
};

}  // namespace landwaiter::daemon
