// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/exit_code.hpp"

#include <iostream>

namespace landwaiter::daemon {

int exit_code(const CommandEnd& end) {
  if (end.stopped) return exit_stopped;
  if (end.rule_met) return exit_rule_met;
  return end.unread ? exit_some_failed : exit_done;
}

int fail_usage(const Error& error) {
  std::cerr << "landwaiter: " << error.message() << "\n";
  return exit_usage;
}

}  // namespace landwaiter::daemon
