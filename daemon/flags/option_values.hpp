// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "daemon/settings/config.hpp"

namespace CLI {
class App;
}

namespace landwaiter::daemon {

/// Settings of the current folder, if there is such a file.
inline constexpr const char* kSettingsFile = "landwaiter.yml";

/// Adds `--settings`, which names another file than that.
void add_settings_option(CLI::App& command);

/// Gives each option that the command line has left out its value: that of the environment variable LANDWAITER_<OPTION>, otherwise that of
/// the settings file. Secrets have variables of their own (ConnectionFlags). The file of the current folder comes with whatever is scanned:
/// what it may not say is where credentials go and what is written. `app` is the whole command line, whose other commands' options a
/// file may hold as well. Errors: invalid_argument, configuration; they say whose value it is.
Result<void> complete_options(CLI::App& app, CLI::App& command, const Environment& environment);

}  // namespace landwaiter::daemon
