// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/platform.hpp"
#include "platform/upkeep/backup.hpp"
#include "storage/database/copy.hpp"

#include <string>
#include <vector>

namespace landwaiter::platform {

struct Verified {
  std::vector<storage::TableSum> tables;
  std::vector<std::string> problems;  ///< for people; empty if all is well
};

/// Reads all that the platform keeps, also while it is served: the engine's own check (SQLite), references that lead nowhere, the master
/// key, reports outside of the database. Errors: those of open_kept(); io.
Result<Verified> verify_kept(const PlatformConfig& config, const Clock& clock, const UpkeepProgress& progress = {});

/// Copies what the platform keeps into an empty PostgreSQL database, and proves it; goes on where it was interrupted. To be called while no
/// platform serves it. Errors: those of open_kept() and of storage::copy_database().
Result<std::vector<storage::TableSum>> move_to(const PlatformConfig& config, const Secret& address, const UpkeepProgress& progress = {});

}  // namespace landwaiter::platform
