// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/judging.hpp"
#include "daemon/output/report_outputs.hpp"
#include "daemon/settings/config.hpp"

#include <string>

namespace landwaiter::daemon {

struct ConvertOptions {
  std::string report;  ///< a file that `landwaiter scan --format json` wrote; "-" for standard input
  ReportOptions outputs;
  JudgingOptions judging;  ///< but for policy and blocklist: what a finding means was decided when it was read
};

/// Returns the ExitCode that the scan had with these rules and decisions.
int run_convert(ConvertOptions options, const Environment& environment);

}  // namespace landwaiter::daemon
