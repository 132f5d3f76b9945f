// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "platform/platform.hpp"
#include "storage/database/copy.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace landwaiter::platform {

/// "finding", 1200 rows so far; or "pages", of all that there are.
using UpkeepProgress = std::function<void(const std::string& what, std::int64_t done)>;

/// What a backup says about itself, in its manifest.json.
struct BackupManifest {
  std::string program;  ///< the version that made it
  std::string source;   ///< the database, for people
  SystemTime made_at;
  std::int64_t schema = 0;  ///< steps of it
  bool has_key = false;
  std::vector<storage::TableSum> tables;
};

/// Writes what the platform keeps at this moment to a folder that is empty or not there, also while it is served; `passphrase` not empty:
/// with the master key, sealed by it. The manifest is written last: a folder without one is no backup. Reports that are not in the database
/// are not part of it. Errors: conflict for a folder that has something in it; those of open_kept(); io.
Result<BackupManifest> back_up(const PlatformConfig& config, const std::filesystem::path& folder, const Secret& passphrase,
                               const Clock& clock, const UpkeepProgress& progress = {});

/// Errors: not_found if there is no manifest; malformed; unsupported for a format that we do not know.
Result<BackupManifest> read_backup(const std::filesystem::path& folder);

struct RestoredFacts {
  BackupManifest manifest;
  bool key_is_missing = false;  ///< what the platform stored encrypted cannot be read without its master key
};

/// Makes a platform of a backup, with the schema that it had. The backup is verified first, and stays as it is. `passphrase` opens its
/// master key; without it the key stays where it is. Errors: conflict if a platform is there already; digest_mismatch for a backup that is
/// damaged; unauthorized for the passphrase; io for one of a newer program.
Result<RestoredFacts> restore(const PlatformConfig& config, const std::filesystem::path& folder, const Secret& passphrase,
                              const UpkeepProgress& progress = {});

}  // namespace landwaiter::platform
