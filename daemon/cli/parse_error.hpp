// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/cli/command.hpp"

#include <string>

namespace landwaiter::daemon {

/// What is wrong with a command line that `root` could not parse, and what to do.
std::string parse_error_text(Command& root, const CLI::ParseError& error);

/// The names by which options of the command are given: "-o", "--output".
std::vector<std::string> option_spellings(Command& command);

}  // namespace landwaiter::daemon
