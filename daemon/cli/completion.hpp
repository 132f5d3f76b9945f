// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/cli/command.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

/// The shells that a script can be made for: "bash", "fish", "zsh".
const std::vector<std::string>& completion_shells();
/// A script that completes commands, options, the values of an option that has a list of them, files and folders.
std::string completion_script(Command& root, const std::string& shell);

}  // namespace landwaiter::daemon
