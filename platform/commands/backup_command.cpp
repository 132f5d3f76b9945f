// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/backup_command.hpp"

#include "platform/commands/exit_code.hpp"
#include "platform/commands/upkeep_output.hpp"

#include <iostream>

namespace landwaiter::platform {

void BackupCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("backup", "Write what the platform keeps to a folder, also while it serves");
  command.details = {
      "The folder holds all tables as they were at one moment, and their sums. Whoever has it can read all findings, so keep it as safe as "
      "the platform. Registry credentials in it are encrypted by the master key, which is only in it with --with-key."};
  place_.add_to(command);
  command.begin_group("Backup");
  command.add_option("folder", folder_, "Where to; it must not be there yet, or be empty")->option_text("DIR")->required();
  command
      .add_option("--with-key", passphrase_file_,
                  "Put the master key in, sealed by a passphrase: the first line of this file, which only its owner may read")
      ->option_text("FILE");
  command.examples = {{"Each night", "landwaiter-platform backup --with-key /root/passphrase /backup/landwaiter-$(date +%F)"}};
  command.exits = {{exit_done, "the backup is on the disk"},
                   {exit_usage, "the command line or the passphrase's file is wrong"},
                   {exit_failed, "there is no backup: the message says why"}};
  command.run = [this] { return run(); };
}

int BackupCommand::run() {
  PlatformConfig config;
  place_.apply_to(config);
  const auto passphrase = read_passphrase(passphrase_file_);
  if (!passphrase) return fail(passphrase.error(), exit_usage);
  if (!config.database.empty()) {
    std::cerr
        << "One transaction stays open until all is copied, and PostgreSQL cannot clean up behind it: on a busy fleet copy at a quiet "
           "hour, or use pg_basebackup\n";
  }
  const RealClock clock;
  const auto made = back_up(config, folder_, *passphrase, clock, told_progress());
  if (!made) return fail(made.error());
  std::cout << folder_ << ": " << size_text(made->tables) << (made->has_key ? ", with" : ", without") << " the master key" << std::endl;
  return exit_done;
}

}  // namespace landwaiter::platform
