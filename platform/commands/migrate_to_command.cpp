// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/migrate_to_command.hpp"

#include "core/os/folder_lock.hpp"
#include "platform/commands/exit_code.hpp"
#include "platform/commands/upkeep_output.hpp"
#include "platform/upkeep/verify.hpp"

#include <iostream>
#include <utility>

namespace landwaiter::platform {

void MigrateToCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("migrate-to", "Move the platform to an empty PostgreSQL database");
  command.details = {
      "Stop the platform first. All tables are copied with their keys, and proved at the end: both sides must have equal counts and sums. "
      "If "
      "it is interrupted, run it again: it goes on where it was. What was copied from stays as it is; platform.db.moved beside it keeps "
      "others "
      "from going on with it by mistake."};
  place_.add_to(command);
  command.begin_group("Target");
  command.add_option("target", target_, "postgresql://[USER@]HOST[:PORT]/NAME; leave the password to PGPASSFILE")
      ->option_text("DATABASE")
      ->required();
  command.examples = {{"From SQLite", "landwaiter-platform migrate-to postgresql://landwaiter@db.example/landwaiter"}};
  command.exits = {{exit_done, "all is there and proved"},
                   {exit_usage, "the command line is wrong"},
                   {exit_failed, "it is not complete: the message says why"}};
  command.run = [this] { return run(); };
}

int MigrateToCommand::run() {
  PlatformConfig config;
  place_.apply_to(config);
  const Secret target(std::exchange(target_, {}));
  std::error_code unknown;
  if (config.database.empty() && !std::filesystem::exists(config.state_directory, unknown)) {
    return fail(Error(ErrorCode::not_found, config.state_directory.string() + " holds no platform: name its folder with --state"));
  }
  const RealClock clock;
  const auto lock = FolderLock::take(config.state_directory, clock.now());
  if (!lock) return fail(lock.error());
  const auto moved = move_to(config, target, told_progress());
  if (!moved) return fail(moved.error());
  std::cout << size_text(*moved)
            << " are the same on both sides; from now on serve with --database postgresql://..., and with the same --state, "
            << "where the master key is" << std::endl;
  return exit_done;
}

}  // namespace landwaiter::platform
