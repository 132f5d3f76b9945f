// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/connection_options.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/state_folder.hpp"
#include "daemon/commands/walk_filter.hpp"
#include "daemon/output/status_line.hpp"

#include <string>

namespace landwaiter::daemon {

struct ListOptions {
  std::string registry;  ///< host, URL, or docker://HOST/REPOSITORY for one repository
  ConnectionOptions connection;
  std::string format = "table";  ///< "table", "json" or "jsonl"
  std::string output;            ///< a file; empty for standard output
  WalkFilter filter;
  bool created = false;  ///< read images' configs for their platform and creation time
  StateFolder state;
  bool whole_digests = false;  ///< in the table
  ProgressWish progress = ProgressWish::standard;
};

/// Returns an ExitCode after reporting everything: results on standard output (or the file), the rest on standard error.
int run_list(ListOptions options, const Environment& environment);

}  // namespace landwaiter::daemon
