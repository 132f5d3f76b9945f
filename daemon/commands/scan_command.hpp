// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/connection_options.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/state_folder.hpp"
#include "daemon/commands/walk_filter.hpp"
#include "daemon/output/fail_rule.hpp"
#include "daemon/output/output.hpp"
#include "daemon/output/status_line.hpp"
#include "daemon/settings/config.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

struct ScanOptions {
  std::vector<std::string> images;
  std::vector<std::string> registries;  ///< HOST[:PORT] or URL: all their images
  ConnectionOptions connection;
  std::string format = "table";  ///< "table", "json", "cyclonedx", "sarif" or "csv"
  std::string cyclonedx_version = "1.6";
  std::string policy = "nist-800-131a";  ///< a built-in one, or a file (daemon/settings/policy_file.hpp)
  std::string ignore_file;               ///< decisions; empty: that of the current folder, if there is one
  std::string baseline;                  ///< an earlier report; empty: none
  std::string blocklist;                 ///< a file (core/assess/blocklist.hpp); empty: none
  bool try_passwords = true;             ///< open keystores with well-known passwords
  bool all = false;                      ///< the table lists every finding
  Severity least = Severity::info;       ///< the table lists no milder ones
  bool worst_first = false;              ///< the table's images by what was found, otherwise by name
  std::string output;                    ///< a file; empty for standard output
  std::vector<FailRule> fail_on;
  WalkFilter filter;  ///< of `registries`; its platforms also of the indexes among `images`
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
