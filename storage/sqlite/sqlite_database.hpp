// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/database/database.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

namespace landwaiter::storage {

struct SqliteOptions {
  /// How long a statement waits for another process or connection that holds the lock.
  std::chrono::milliseconds busy_timeout{10'000};
  /// How long a statement may run; 0: as long as it takes.
  std::chrono::milliseconds statement_time_max{0};
  /// True: each commit also survives a power cut (synchronous=FULL). False: a kill -9, but a power cut may take the last ones.
  bool survive_power_cut = false;
};

/// A SQLite file: WAL, foreign keys enforced, STRICT tables by convention. Errors are io with SQLite's message and the file's name.
class SqliteDatabase : public Database {
 public:
  /// Opens or makes the file (mode 0600; its folder, when made, 0700). A file that a program from before schema_version made is refused.
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::filesystem::path& file, const SqliteOptions& options = {});
  static Result<std::unique_ptr<SqliteDatabase>> open_in_memory();
  /// In a file without a name, which ends with the object: in TMPDIR, otherwise in /var/tmp. The first two megabytes need no file.
  static Result<std::unique_ptr<SqliteDatabase>> open_temporary();

  /// Gives free pages back to the file system and empties the write-ahead log.
  virtual Result<void> give_back_space() = 0;

  /// Copies the whole database, as it is at this moment, to a file that is not there yet, also while others write to it; it is on the
  /// disk when this returns. `progress` is told how many pages were copied. Not within a transaction of this connection.
  virtual Result<void> copy_to(const std::filesystem::path& file, const std::function<void(std::int64_t pages)>& progress) = 0;
};

/// Of the library that runs.
std::string sqlite_version();

}  // namespace landwaiter::storage
