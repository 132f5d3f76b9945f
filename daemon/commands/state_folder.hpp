// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/settings/config.hpp"
#include "storage/local/store.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace landwaiter::daemon {

/// Where a command remembers what it has read.
struct StateFolder {
  std::filesystem::path directory;  ///< empty: nothing is remembered
  bool is_default = false;          ///< nobody named it, so a command does without it if it cannot be used

  /// The folder that was named, on the command line or by $LANDWAITER_STATE; otherwise $XDG_STATE_HOME/landwaiter, or
  /// ~/.local/state/landwaiter.
  static StateFolder choose(const std::string& named, bool none, const Environment& environment);
  /// The store in the folder, or nullptr if nothing is remembered. If it is the default and cannot be used, or its disk is full, nothing is
  /// remembered from here on, which is said on standard error; one that was named must be usable.
  Result<std::unique_ptr<storage::Store>> open();
};

}  // namespace landwaiter::daemon
