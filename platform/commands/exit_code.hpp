// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

namespace landwaiter::platform {

/// The documented exit codes of every command; where they mean the same, those of `landwaiter`.
enum ExitCode : int {
  exit_done = 0,
  exit_to_do = 1,   ///< `migrate --check`: steps are to be run
  exit_usage = 2,   ///< usage or configuration
  exit_failed = 3,  ///< cannot run, or not to its end
};

/// Says the error on standard error; the code.
int fail(const Error& error, int code = exit_failed);

}  // namespace landwaiter::platform
