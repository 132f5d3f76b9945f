// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/verify_command.hpp"

#include "platform/commands/exit_code.hpp"
#include "platform/commands/upkeep_output.hpp"
#include "platform/upkeep/verify.hpp"

#include <iostream>

namespace landwaiter::platform {

void VerifyCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("verify", "Read all that the platform keeps, and say whether it is sound");
  command.details = {
      "Prints a line for each table: its name, the number of its rows, and a sum of them, which is the same for the same rows on any "
      "engine. "
      "Also checked are references between tables, the master key, reports outside of the database, and with SQLite the file itself. "
      "Nothing is changed."};
  place_.add_to(command);
  place_.add_reports_to(command);
  command.exits = {
      {exit_done, "all is well"}, {exit_usage, "the command line is wrong"}, {exit_failed, "something is not: the messages say what"}};
  command.run = [this] { return run(); };
}

int VerifyCommand::run() {
  PlatformConfig config;
  place_.apply_to(config);
  const RealClock clock;
  const auto verified = verify_kept(config, clock, told_progress());
  if (!verified) return fail(verified.error());
  for (const storage::TableSum& table : verified->tables) std::cout << table.table << "\t" << table.rows << "\t" << table.sum << "\n";
  if (!std::cout.flush()) return fail(Error(ErrorCode::io, "standard output: cannot be written"));
  for (const std::string& problem : verified->problems) (void)fail(Error(ErrorCode::io, problem));
  return verified->problems.empty() ? exit_done : exit_failed;
}

}  // namespace landwaiter::platform
