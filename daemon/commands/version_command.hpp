// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <string>

namespace landwaiter::daemon {

/// "landwaiter 0.1.0 (commit 1234567)", then the compiler, each library with the version that runs, and each analysis with the state by
/// which stored reports are reused.
Result<std::string> version_text();
/// Shows it; an ExitCode.
int run_version();

}  // namespace landwaiter::daemon
