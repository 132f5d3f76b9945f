// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

namespace landwaiter::daemon {

/// The documented exit codes of every command.
enum ExitCode : int {
  exit_done = 0,
  exit_rule_met = 1,     ///< a --fail-on rule
  exit_usage = 2,        ///< usage or configuration
  exit_some_failed = 3,  ///< some image or registry could not be read, or not completely
  exit_stopped = 130,    ///< asked to stop before the end, as a shell tells it of Ctrl-C
};

/// The same for people; the codes of every command.
inline constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 a --fail-on rule matched, 2 usage, configuration or output, 3 some image could not be read, or not\n"
    "completely, 130 stopped; of several, 2 comes before 130, 1 and 3";

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
