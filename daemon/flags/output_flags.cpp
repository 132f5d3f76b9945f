// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/output_flags.hpp"

#include "daemon/cli/command.hpp"
#include "daemon/flags/option_groups.hpp"

namespace landwaiter::daemon {

void OutputFlags::add_to(Command& command) {
  command.begin_group(kOutputGroup);
  command.choose(command.add_option("--format,-f", format_, "Format of the result (default: table)"), report_formats(), "FORMAT");
  command.add_option("--output,-o", outputs_, "Write the result to this file, or in a format of its own, as in -o sarif=x.sarif -o table")
      ->option_text("[FORMAT=]FILE");
  command.choose(command.add_option("--cyclonedx-version", options_.cyclonedx_version, "Version of CycloneDX (default: 1.6)"),
                 {"1.6", "1.7"}, "VERSION");
  command.add_flag("--all", options_.all, "List every finding in the table, including those that need no action");
  command.choose(command.add_option("--severity", least_, "The table lists no finding milder than this (default: info)"),
                 {"info", "low", "medium", "high", "critical"}, "SEVERITY");
}

Result<ReportOptions> OutputFlags::finish() {
  auto outputs = choose_outputs(format_, outputs_);
  if (!outputs) return outputs.error();
  options_.outputs = *std::move(outputs);
  options_.least = severity_from(least_).value_or(Severity::info);
  return std::move(options_);
}

std::string OutputFlags::explanation() {
  return "One run can write several results: -o FORMAT=FILE is a file in that format, -o FORMAT (or FORMAT=-) is on standard output, -o "
         "FILE is a file in the format of --format, or without one that of its ending: .sarif, .json, .csv, .cdx.json and bom.json "
         "(cyclonedx), .xml (junit), code-quality-report.json (gitlab), otherwise a table. A --format that no -o FILE takes is on standard "
         "output.";
}

}  // namespace landwaiter::daemon
