// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter::platform {

/// Runs the command that the command line names; its exit code.
int run_command_line(int argc, char** argv);

}  // namespace landwaiter::platform
