// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/settings/config.hpp"

#include <filesystem>
#include <string>

namespace landwaiter::daemon {

/// Where a command remembers what it has read.
struct StateFolder {
  std::filesystem::path directory;  ///< empty: nothing is remembered
  bool is_default = false;          ///< nobody named it, so a command does without it if it cannot be used

  /// The folder that was named, on the command line or by $LANDWAITER_STATE; otherwise $XDG_STATE_HOME/landwaiter, or
  /// ~/.local/state/landwaiter.
  static StateFolder choose(const std::string& named, bool none, const Environment& environment);
  /// Remembers nothing from here on, and says so on standard error.
  void do_without(const Error& reason);
};

}  // namespace landwaiter::daemon
