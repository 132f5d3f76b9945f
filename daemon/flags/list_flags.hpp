// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/list_command.hpp"
#include "daemon/flags/connection_flags.hpp"
#include "daemon/flags/progress_flags.hpp"

#include <string>

namespace landwaiter::daemon {

class Command;

/// `landwaiter list` on the command line.
class ListFlags {
 public:
  void add_to(Command& program);

 private:
  int run();

  ListOptions options_;
  ConnectionFlags connection_;
  std::string state_;
  bool no_state_ = false;
  bool quiet_ = false;
  ProgressFlags progress_;
};

}  // namespace landwaiter::daemon
