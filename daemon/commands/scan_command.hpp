// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/credentials.hpp"
#include "core/wire/protocol.hpp"
#include "daemon/output/output.hpp"
#include "daemon/settings/config.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// The documented exit codes of every command.
enum ExitCode : int {
  exit_done = 0,
  exit_rule_met = 1,     ///< a --fail-on rule
  exit_usage = 2,        ///< usage or configuration
  exit_some_failed = 3,  ///< some image or registry could not be read
};

/// Says on stderr what is wrong with how a command was called; exit_usage.
int fail_usage(const Error& error);

/// How a command reaches registries; command-line options beat docker's config.json.
struct ConnectionOptions {
  Credentials credentials;
  bool plain_http = false;
  bool tls_verify = true;
  NetworkSettings network;
  std::string kind = "auto";  ///< a name of core/wire/registry_kinds.hpp
};

struct ScanOptions {
  std::vector<std::string> images;
  std::vector<std::string> registries;  ///< HOST[:PORT] or URL: all their images
  ConnectionOptions connection;
  std::string format = "table";  ///< "table", "json", "cyclonedx", "sarif" or "csv"
  std::string cyclonedx_version = "1.6";
  std::string policy = "nist-800-131a";  ///< a built-in one, or a file (daemon/settings/policy_file.hpp)
  std::string blocklist;                 ///< a file (core/assess/blocklist.hpp); empty: none
  bool try_passwords = true;             ///< open keystores with well-known passwords
  bool all = false;                      ///< the table lists each finding
  std::string output;                    ///< a file; empty for standard output
  std::vector<FailRule> fail_on;
  std::vector<std::string> platforms;     ///< of an index, only these; empty means all
  std::filesystem::path state_directory;  ///< empty: nothing is remembered
  std::size_t workers = 0;                ///< 0: one for each core
  bool full = false;                      ///< read everything again although it is known
  bool progress = true;                   ///< on a terminal
};

struct ListOptions {
  std::string registry;  ///< host, URL, or docker://HOST/REPOSITORY for one repository
  ConnectionOptions connection;
  std::string format = "table";           ///< "table", "json" or "jsonl"
  std::string output;                     ///< a file; empty for standard output
  protocol::ListWork work;                ///< the filters
  std::string pushed;                     ///< as parse_window() takes it; empty for any time
  std::string utc_offset = "UTC";         ///< of the days in `pushed`
  bool created = false;                   ///< ask images' configs for their platform and when they were made
  std::filesystem::path state_directory;  ///< empty: nothing is remembered
  bool progress = true;                   ///< on a terminal
};

/// Both return an ExitCode and have told the user everything: results on standard output (or the file), the rest on standard error.
int run_scan(ScanOptions options, const Environment& environment);
int run_list(ListOptions options, const Environment& environment);

/// $LANDWAITER_STATE, else $XDG_STATE_HOME/landwaiter, else ~/.local/state/landwaiter.
std::filesystem::path default_state_directory(const Environment& environment);

}  // namespace landwaiter::daemon
