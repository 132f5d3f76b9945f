// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/connection_options.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/judging.hpp"
#include "daemon/commands/state_folder.hpp"
#include "daemon/commands/walk_filter.hpp"
#include "daemon/output/report_outputs.hpp"
#include "daemon/output/status_line.hpp"
#include "daemon/settings/config.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

struct ScanOptions {
  std::vector<std::string> images;
  std::vector<std::string> registries;  ///< HOST[:PORT] or URL: all their images
  ConnectionOptions connection;
  ReportOptions report;
  JudgingOptions judging;
  bool try_passwords = true;  ///< open keystores with well-known passwords
  bool worst_first = false;   ///< the table's images by what was found, otherwise by name
  WalkFilter filter;          ///< of `registries`; its platforms also of the indexes among `images`
  StateFolder state;
  std::size_t workers = 0;                                       ///< 0: one per core
  std::uint64_t memory_bytes = limits::reader_memory_bytes_max;  ///< for each worker
  bool full = false;                                             ///< read everything again, even if it is known
  ProgressWish progress = ProgressWish::standard;
  bool quiet = false;  ///< no summary
};

/// Returns an ExitCode after reporting everything: results on standard output (or the file), the rest on standard error.
int run_scan(ScanOptions options, const Environment& environment);

}  // namespace landwaiter::daemon
