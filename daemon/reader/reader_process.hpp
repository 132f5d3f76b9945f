// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace landwaiter::daemon {

/// The first call of each program that reads layers: if it was started by IsolatedReader, it is the fork server, whose children read one
/// layer or one image's documents each; then this returns its exit code, otherwise nothing.
std::optional<int> run_reader_process(int argc, const char* const* argv);

}  // namespace landwaiter::daemon
