// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/restore_command.hpp"

#include "core/os/folder_lock.hpp"
#include "platform/commands/exit_code.hpp"
#include "platform/commands/upkeep_output.hpp"
#include "platform/store/schema.hpp"

#include <iostream>

namespace landwaiter::platform {

void RestoreCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("restore", "Make a platform of a backup, on either engine");
  command.details = {"The backup is verified first. The state folder must hold no platform, and a PostgreSQL database no tables."};
  place_.add_to(command);
  command.begin_group("Backup");
  command.add_option("folder", folder_, "The backup")->option_text("DIR")->required();
  command.add_option("--with-key", passphrase_file_, "Restore the master key, too: the passphrase is the first line of this file")
      ->option_text("FILE");
  command.examples = {
      {"Elsewhere", "landwaiter-platform restore --state /srv/landwaiter --with-key passphrase /backup/landwaiter-2026-11-29"}};
  command.exits = {{exit_done, "the platform can be served"},
                   {exit_usage, "the command line or the passphrase's file is wrong"},
                   {exit_failed, "it was not restored: the message says why"}};
  command.run = [this] { return run(); };
}

int RestoreCommand::run() {
  PlatformConfig config;
  place_.apply_to(config);
  const auto passphrase = read_passphrase(passphrase_file_);
  if (!passphrase) return fail(passphrase.error(), exit_usage);
  const auto backup = read_backup(folder_);
  if (!backup) return fail(backup.error());
  const RealClock clock;
  const auto lock = FolderLock::take(config.state_directory, clock.now());
  if (!lock) return fail(lock.error());
  const auto restored = restore(config, folder_, *passphrase, told_progress());
  if (!restored) return fail(restored.error());
  std::cout << config.state_directory.string() << ": " << size_text(restored->manifest.tables) << ", as of "
            << to_rfc3339(restored->manifest.made_at) << std::endl;
  if (restored->manifest.schema != static_cast<std::int64_t>(schema_steps().size())) {
    std::cout << "its schema is older: `serve` or `migrate` brings it up to date" << std::endl;
  }
  if (restored->key_is_missing) {
    std::cerr << "The master key is missing: put the old master.key into " << config.state_directory.string()
              << " before you serve it, or what is stored encrypted is lost\n";
  }
  return exit_done;
}

}  // namespace landwaiter::platform
