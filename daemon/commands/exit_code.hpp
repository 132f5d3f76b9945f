// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

namespace landwaiter::daemon {

/// The documented exit codes of every command.
enum ExitCode : int {
  exit_done = 0,
  exit_rule_met = 1,     ///< a --fail-on rule
  exit_usage = 2,        ///< usage or configuration
  exit_some_failed = 3,  ///< some image or registry could not be read, or not completely, or a rule had no image to judge
  exit_stopped = 130,    ///< asked to stop before the end, as a shell tells it of Ctrl-C
};

/// What a command met whose result is written.
struct CommandEnd {
  bool stopped = false;
  bool rule_met = false;
  bool unread = false;
};

/// The first that is true decides, in that order: who gates on a rule learns of it whatever else could not be read.
int exit_code(const CommandEnd& end);

/// Says on standard error how the command was called wrongly; exit_usage.
int fail_usage(const Error& error);

}  // namespace landwaiter::daemon
