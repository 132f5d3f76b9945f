// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/check_command.hpp"
#include "daemon/flags/connection_flags.hpp"

namespace landwaiter::daemon {

class Command;

/// `landwaiter registry check` on the command line.
class CheckFlags {
 public:
  void add_to(Command& program);

 private:
  int run();
  CheckOptions options_;
  ConnectionFlags connection_;
};

}  // namespace landwaiter::daemon
