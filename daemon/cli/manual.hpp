// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/cli/command.hpp"

#include <string>
#include <utility>
#include <vector>

namespace landwaiter::daemon {

/// A page of section 1 for the program and one for each of its commands: {"landwaiter-scan.1", roff}.
std::vector<std::pair<std::string, std::string>> manual_pages(Command& root, const std::string& version);

}  // namespace landwaiter::daemon
