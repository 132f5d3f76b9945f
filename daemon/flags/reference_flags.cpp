// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/reference_flags.hpp"

#include "daemon/cli/command.hpp"
#include "daemon/cli/help_text.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/flags/option_groups.hpp"
#include "daemon/output/output.hpp"

#include <utility>

namespace landwaiter::daemon {

void ReferenceFlags::add_to(Command& program) {
  add(program, "kinds", "List the kinds of registries that --kind names", ".[].name", "harbor", [] { return registry_kinds(); });
  add(program, "policies", "List the policies that are built in", ".[] | select(.default)", "cnsa", [] { return builtin_policies(); });
  add(program, "detectors", "List what searches the files of an image, with versions", ".[].name", "keystore", detectors_in_use);
  add(program, "rules", "List the codes of issues, with severity and remedy, for --fail-on and ignore files", ".[].code", "expired",
      [] { return issue_rules(); });
}

void ReferenceFlags::add(Command& program, const char* name, const char* description, const char* filter, const char* one, Make make) {
  Command& command = program.add(name, description);
  command.begin_group(kOutputGroup);
  command.choose(command.add_option("--format,-f", format_, "Format of the list (default: table)"), {"table", "json"}, "FORMAT");
  command.add_option("--output,-o", output_, "Write the list to this file")->option_text("FILE");
  const std::string line = std::string("landwaiter ") + name;
  command.examples = {{"For people", line},
                      {"For a program", line + " --format json | jq '" + filter + "'"},
                      {"One of them", line + " | grep -A 2 " + one},
                      {"Into a file", line + " --format json -o " + name + ".json"}};
  command.exits = {{exit_done, "the list was written"}, {exit_usage, "the command line or the output is wrong"}};
  command.run = [this, make = std::move(make)] { return run(make); };
}

int ReferenceFlags::run(const Make& make) const {
  auto reference = make();
  if (!reference) return fail_usage(reference.error());
  auto written = write_output(output_, render(*reference, format_, help_width()));
  return written ? exit_done : fail_usage(written.error());
}

}  // namespace landwaiter::daemon
