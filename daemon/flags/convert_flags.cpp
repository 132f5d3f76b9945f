// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/convert_flags.hpp"

#include "core/os/process.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/flags/option_values.hpp"

#include <utility>

namespace landwaiter::daemon {

void ConvertFlags::add_to(Command& program) {
  Command& command = program.add("convert", "Write an earlier report in other formats, and gate by it");
  command.add_option("report", options_.report, "What landwaiter scan --format json wrote; - for standard input")
      ->option_text("FILE")
      ->required();
  add_settings_option(command);
  output_.add_to(command);
  judging_.add_to(command);
  command.details = {
      "No registry is asked and nothing is read again: what a finding means stays as it was judged by the scan, with its "
      "policy and on its day.",
      OutputFlags::explanation()};
  command.examples = {{"A report as a table", "landwaiter convert report.json"},
                      {"For GitHub and for people", "landwaiter convert report.json -o sarif=landwaiter.sarif -o table"},
                      {"A CBOM", "landwaiter convert report.json --format cyclonedx -o cbom.json"},
                      {"Try a rule on a report", "landwaiter convert report.json --fail-on private-key -o csv=-"}};
  command.exits = {{exit_done, "the report says that every image was read, and no --fail-on rule is met"},
                   {exit_rule_met, "a --fail-on rule is met"},
                   {exit_usage, "the command line, the report or an output is wrong"},
                   {exit_some_failed, "the report says that an image could not be read, or not completely, or has none for --fail-on"}};
  command.run = [this] { return run(); };
}

int ConvertFlags::run() {
  auto outputs = output_.finish();
  if (!outputs) return fail_usage(outputs.error());
  options_.outputs = *std::move(outputs);
  auto judging = judging_.finish();
  if (!judging) return fail_usage(judging.error());
  options_.judging = *std::move(judging);
  return run_convert(std::move(options_), process_environment());
}

}  // namespace landwaiter::daemon
