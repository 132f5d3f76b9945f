// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/gc_command.hpp"

#include "platform/commands/exit_code.hpp"
#include "platform/upkeep/garbage.hpp"

#include <iostream>

namespace landwaiter::platform {

void GcCommand::add_to(daemon::Command& program) {
  daemon::Command& command = program.add("gc", "Drop now what the platform would drop by and by");
  command.details = {
      "A platform that serves does this itself, a little each hour. Beyond that, this command looks for reports outside of the database "
      "that "
      "no row names, as a kill may leave; they are removed by the first run, or the platform, a day later."};
  place_.add_to(command);
  place_.add_reports_to(command);
  command.begin_group("Work");
  command.add_flag("--dry-run", dry_run_, "Change nothing; say how much would be dropped. A platform that serves cannot write meanwhile");
  command.exits = {{exit_done, "done"}, {exit_usage, "the command line is wrong"}, {exit_failed, "not done, or not to its end"}};
  command.run = [this] { return run(); };
}

int GcCommand::run() {
  PlatformConfig config;
  place_.apply_to(config);
  const RealClock clock;
  const auto collected = collect_garbage(config, dry_run_, clock);
  if (!collected) return fail(collected.error());
  std::cout << collected->rows << (dry_run_ ? " rows would be dropped" : " rows dropped");
  if (collected->blobs + collected->orphans > 0) {
    std::cout << ", " << collected->blobs << " reports removed, " << collected->orphans << " more found that no row names";
  }
  std::cout << std::endl;
  return exit_done;
}

}  // namespace landwaiter::platform
