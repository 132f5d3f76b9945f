// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/kept_database.hpp"

#include "platform/resources.hpp"
#include "platform/store/schema.hpp"
#include "storage/database/copy.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/postgres_database.hpp"

#include <string>
#include <system_error>

namespace landwaiter::platform {
namespace {

using storage::Database;

std::int64_t known_steps() { return static_cast<std::int64_t>(schema_steps().size()); }

}  // namespace

Result<std::unique_ptr<Database>> connect_to_kept(const PlatformConfig& config) {
  if (!config.database.empty()) {
    return storage::open_postgres({.address = config.database, .statement_time_max = std::chrono::milliseconds(0)});
  }
  std::error_code unknown;
  if (!std::filesystem::exists(database_file(config), unknown)) {
    const std::string folder = config.state_directory.string();
    return Error(ErrorCode::not_found,
                 folder + " holds no platform: start `landwaiter-platform serve --state " + folder + "` first, or name its folder");
  }
  return connect(config);
}

Result<std::unique_ptr<Database>> open_kept(const PlatformConfig& config) {
  auto database = connect_to_kept(config);
  if (!database) return database;
  const auto run = storage::steps_run(**database, schema_steps());
  if (!run) return run.error();
  if (*run == 0) return Error(ErrorCode::configuration, (*database)->name() + ": no platform has used it yet");
  if (*run != known_steps()) {
    return Error(ErrorCode::configuration,
                 (*database)->name() + ": its schema is " + std::to_string(*run) + ", this program's is " + std::to_string(known_steps()) +
                     ": stop its platform and run `landwaiter-platform migrate`, or use the program that serves it");
  }
  auto whole = storage::refuse_unfinished_copy(**database);
  if (!whole) return whole.error();
  return database;
}

Result<SchemaState> schema_state(const PlatformConfig& config) {
  auto database = connect_to_kept(config);
  if (!database) return database.error();
  const auto run = storage::steps_run(**database, schema_steps());
  if (!run) return run.error();
  return SchemaState{*run, known_steps()};
}

Result<SchemaState> migrate_kept(const PlatformConfig& config) {
  auto database = connect_to_kept(config);
  if (!database) return database.error();
  const auto run = storage::steps_run(**database, schema_steps());
  if (!run) return run.error();
  auto whole = storage::refuse_unfinished_copy(**database);
  if (!whole) return whole.error();
  auto migrated = storage::migrate(**database, schema_steps());
  if (!migrated) return migrated.error();
  return SchemaState{*run, known_steps()};
}

}  // namespace landwaiter::platform
