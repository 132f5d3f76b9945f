// SPDX-License-Identifier: Apache-2.0
#include "daemon/flags/connection_flags.hpp"

#include "core/base/text.hpp"
#include "core/os/process.hpp"
#include "core/os/terminal.hpp"
#include "core/wire/registry_kinds.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/flags/option_groups.hpp"
#include "daemon/settings/credentials_file.hpp"
#include "daemon/settings/network.hpp"

#include <iostream>

namespace landwaiter::daemon {
namespace {

/// The login that the environment has. Whatever this process starts does not need it.
struct LoginVariables {
  std::string username;
  Secret password;
  Secret token;

  static LoginVariables take(const Environment& environment) {
    LoginVariables out;
    out.username = environment("LANDWAITER_USERNAME").value_or("");
    out.password = Secret(environment("LANDWAITER_PASSWORD").value_or(""));
    out.token = Secret(environment("LANDWAITER_TOKEN").value_or(""));
    forget_variables({"LANDWAITER_USERNAME", "LANDWAITER_PASSWORD", "LANDWAITER_TOKEN"});
    return out;
  }
};

Result<Secret> ask_password(const std::string& username) {
  auto secret = ask_secret("Password of " + printable(username) + ": ");
  if (secret || secret.error().code() != ErrorCode::not_found) return secret;
  return Error(ErrorCode::invalid_argument, "--username needs --password-stdin, LANDWAITER_PASSWORD or a terminal to ask for the password");
}

}  // namespace

void ConnectionFlags::add_to(Command& command) {
  add_rates_to(command);
  add_login_to(command);
  add_network_to(command);
}

void ConnectionFlags::add_kind_to(Command& command) {
  command.choose(command.add_option("--kind", options_.kind, "Kind of registry, see landwaiter kinds (default: auto, which detects it)"),
                 registry_kind_names(), "KIND");
}

void ConnectionFlags::add_login_to(Command& command) {
  command.begin_group(kLoginGroup);
  command.add_option("--username", username_, "User name for the registry; the password is asked for if nothing else gives it")
      ->option_text("NAME");
  command.add_flag("--password-stdin", password_stdin_, "Read the password from standard input");
  command.add_flag("--token-stdin", token_stdin_, "Read an access token from standard input; takes precedence over a password");
  command.add_option("--token", token_, "Access token; visible to other users of this machine, so prefer --token-stdin")
      ->option_text("TOKEN");
  command.add_option("--credentials", credentials_file_, "JSON file with credentials, including cloud keys; - reads standard input")
      ->option_text("FILE");
}

void ConnectionFlags::add_network_to(Command& command) {
  command.begin_group(kNetworkGroup);
  NetworkSettings& network = options_.network;
  command.add_flag("--plain-http", options_.plain_http, "Speak HTTP without TLS (loopback registries need no flag)");
  command.add_flag("--insecure", insecure_, "Do not verify the registry's TLS certificate");
  command.add_option("--ca-file", network.ca_file, "PEM file with certificate authorities to trust in addition to the system's")
      ->option_text("FILE")
      ->check(CLI::ExistingFile);
  auto* certificate =
      command.add_option("--client-cert", network.client_cert_file, "PEM file with a client certificate for registries that require one");
  auto* key = command.add_option("--client-key", network.client_key_file, "PEM file with its key");
  certificate->option_text("FILE")->check(CLI::ExistingFile)->needs(key);
  key->option_text("FILE")->check(CLI::ExistingFile)->needs(certificate);
  command.add_option("--certs-dir", network.certs_directories, "Folder like /etc/docker/certs.d, which is read as well")
      ->option_text("DIR")
      ->check(CLI::ExistingDirectory);
  command.add_option("--proxy", proxy_, "Proxy for registries, http://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY)")
      ->option_text("URL");
  command.add_option("--no-proxy", network.no_proxy, "Hosts, domains and networks to reach directly (default: NO_PROXY); * for all")
      ->option_text("LIST");
  command.choose(command.add_option("--foreign-private-addresses", network.foreign_private_addresses,
                                    "Whether token realms and redirects may lead to private networks"),
                 {"allow", "deny"}, "CHOICE");
}

void ConnectionFlags::add_rates_to(Command& command) {
  command.begin_group(kSpeedGroup);
  NetworkSettings& network = options_.network;
  command.add_option("--connections", network.connections, "Connections to one registry, 1 to 64")
      ->option_text("N")
      ->check(CLI::Range(1, 64));
  command.add_option("--limit-rate", network.limit_rate, "Limit for all downloads together in bytes per second, such as 500K or 10M")
      ->option_text("RATE");
  command
      .add_option("--min-layer-rate", network.min_layer_rate,
                  "End a layer that its registry sends slower than this on average, after five minutes (default: 256K; 0: never)")
      ->option_text("RATE");
}

Result<ConnectionOptions> ConnectionFlags::finish() {
  options_.tls_verify = !insecure_;
  options_.network.proxy = Secret(proxy_);
  wipe(proxy_);
  auto network = transport_options(options_.network, process_environment(), true);
  if (!network) return network.error();
  auto floor = rate_floor(options_.network, 1);
  if (!floor) return floor.error();
  auto credentials = read_login();
  if (!credentials) return credentials.error();
  options_.credentials = *std::move(credentials);
  return std::move(options_);
}

Result<Credentials> ConnectionFlags::read_login() {
  LoginVariables variables = LoginVariables::take(process_environment());
  if (!credentials_file_.empty()) {
    if (password_stdin_ || token_stdin_ || !username_.empty() || !token_.empty()) {
      return Error(ErrorCode::invalid_argument,
                   "--credentials cannot be combined with --username, --password-stdin, --token or --token-stdin");
    }
    return read_credentials(credentials_file_);
  }
  if (password_stdin_ && token_stdin_) {
    return Error(ErrorCode::invalid_argument, "--password-stdin and --token-stdin both read standard input; give one");
  }
  Secret password;
  Secret access_token(token_);
  wipe(token_);
  if (password_stdin_ || token_stdin_) {
    std::string line;
    std::getline(std::cin, line);
    (password_stdin_ ? password : access_token) = Secret(std::string(trim(line)));
    wipe(line);
  }
  const bool given = !password.empty() || !access_token.empty();
  // What the command line leaves out comes from the variables; a secret that it has is not mixed with another.
  if (username_.empty()) username_ = std::move(variables.username);
  if (password_stdin_ && username_.empty()) return Error(ErrorCode::invalid_argument, "--password-stdin needs --username");
  if (!given && !password_stdin_ && !token_stdin_) {
    password = std::move(variables.password);
    access_token = std::move(variables.token);
  }
  if (username_.empty() && !password.empty())
    return Error(ErrorCode::invalid_argument, "LANDWAITER_PASSWORD needs --username or LANDWAITER_USERNAME");
  if (!username_.empty() && password.empty() && access_token.empty() && !password_stdin_ && !token_stdin_) {
    auto asked = ask_password(username_);
    if (!asked) return asked.error();
    password = *std::move(asked);
  }
  return Credentials::from_login(username_, std::move(password), std::move(access_token));
}

}  // namespace landwaiter::daemon
