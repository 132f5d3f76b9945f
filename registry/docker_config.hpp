// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// Where container tools keep credentials: DOCKER_AUTH_CONFIG (the document itself), REGISTRY_AUTH_FILE,
/// $XDG_RUNTIME_DIR/containers/auth.json, $DOCKER_CONFIG/config.json or $HOME/.docker/config.json, asked in this order.
/// Credential helpers are programs of their own and are not run.
struct DockerConfig {
  /// The value of an environment variable; nothing when unset.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// The content of a file; nothing when it is not there. Error io or limit_exceeded.
  std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;

  /// The process's own environment and files.
  static DockerConfig of_process();
};

struct DockerCredentials {
  std::string username;
  Secret password;
  Secret token;                       ///< an identity token
  std::vector<std::string> warnings;  ///< documents that could not be read, helpers that were passed over; no secrets in them
  bool found() const { return !username.empty() || !password.empty() || !token.empty(); }
};

/// The credentials kept for a registry host ("docker.io", "localhost:5000"). A broken document is a warning and the next is asked.
DockerCredentials find_credentials(const DockerConfig& config, std::string_view host);
/// Puts found credentials into an endpoint that has none of its own.
void apply(const DockerCredentials& credentials, Endpoint& endpoint);

}  // namespace landwaiter::registry
