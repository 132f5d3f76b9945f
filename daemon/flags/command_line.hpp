// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter::daemon {

/// Everything that `landwaiter` is asked on its command line: parses it, runs the command, and returns an ExitCode.
int run_command_line(int argc, char** argv);

}  // namespace landwaiter::daemon
