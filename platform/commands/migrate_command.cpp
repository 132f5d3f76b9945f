// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/migrate_command.hpp"

#include "core/os/folder_lock.hpp"
#include "platform/commands/exit_code.hpp"
#include "platform/upkeep/kept_database.hpp"

#include <iostream>

namespace landwaiter::platform {

void MigrateCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("migrate", "Bring the database to this program's schema");
  command.details = {
      "`serve` does the same when it starts. Make a backup first: there is no way back to an older schema but a backup of it. All steps "
      "are "
      "one transaction: if it fails, the database is as before."};
  place_.add_to(command);
  command.begin_group("Work");
  command.add_flag("--check", check_, "Change nothing; say whether there is something to do");
  command.exits = {{exit_done, "the schema is this program's"},
                   {exit_to_do, "with --check: steps are to be run"},
                   {exit_usage, "the command line is wrong"},
                   {exit_failed, "it was not changed: the message says why"}};
  command.run = [this] { return run(); };
}

int MigrateCommand::run() {
  PlatformConfig config;
  place_.apply_to(config);
  if (check_) {
    const auto state = schema_state(config);
    if (!state) return fail(state.error());
    std::cout << "schema " << state->run << " of " << state->known << (state->run == state->known ? ": up to date" : ": to be migrated")
              << std::endl;
    return state->run == state->known ? exit_done : exit_to_do;
  }
  const auto exists = schema_state(config);
  if (!exists) return fail(exists.error());
  const RealClock clock;
  const auto lock = FolderLock::take(config.state_directory, clock.now());
  if (!lock) return fail(lock.error());
  const auto before = migrate_kept(config);
  if (!before) return fail(before.error());
  std::cout << (before->run == before->known ? "up to date: schema " : "migrated from schema " + std::to_string(before->run) + " to ")
            << before->known << std::endl;
  return exit_done;
}

}  // namespace landwaiter::platform
