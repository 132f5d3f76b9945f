// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "daemon/commands/connection_options.hpp"

#include <string>

namespace landwaiter::daemon {

class Command;

/// The options of every command that talks to a registry: those of the groups "Login" and "TLS and proxy", and what limits a download.
class ConnectionFlags {
 public:
  void add_to(Command& command);
  /// `--kind`, which belongs to the group that the command has begun.
  void add_kind_to(Command& command);

  /// Whether standard input is read for the login.
  bool reads_standard_input() const { return password_stdin_ || token_stdin_ || credentials_file_ == "-"; }

  /// After parsing, once. Reads the credentials from a file or standard input; for a password or token, the first line.
  Result<ConnectionOptions> finish();

 private:
  void add_login_to(Command& command);
  void add_network_to(Command& command);
  void add_rates_to(Command& command);
  Result<Credentials> read_login();

  ConnectionOptions options_;
  std::string username_;
  bool password_stdin_ = false;
  bool token_stdin_ = false;
  std::string token_;
  std::string credentials_file_;
  bool insecure_ = false;
  std::string proxy_;  ///< may contain a password
};

}  // namespace landwaiter::daemon
