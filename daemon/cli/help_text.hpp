// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/cli/command.hpp"

#include <cstddef>
#include <string>

namespace landwaiter::daemon {

/// For the terminal, or for a reader whose columns are not known: wider lines are hard to read.
std::size_t help_width();

/// What `--help` shows of a command, in lines of at most `width` columns where names allow it.
std::string help_text(Command& command, std::size_t width);

}  // namespace landwaiter::daemon
