// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/auth/credential_helper.hpp"
#include "registry/auth/endpoint.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// Where container tools store credentials: DOCKER_AUTH_CONFIG (the document itself), REGISTRY_AUTH_FILE,
/// $XDG_RUNTIME_DIR/containers/auth.json, $XDG_CONFIG_HOME (or ~/.config)/containers/auth.json, $DOCKER_CONFIG (or
/// ~/.docker)/config.json, in this order. Within one, a helper for the registry (credHelpers) comes first, then the common store
/// (credsStore), then the document's own entries. Only for the user's own commands: a service gets its credentials from its platform.
struct DockerConfig {
  /// The value of an environment variable; nothing when unset.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// The content of a file; nothing if it does not exist. Error io or limit_exceeded.
  std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;
  /// Asks a credential helper, as run_credential_helper().
  std::function<Result<std::optional<HelperAnswer>>(const std::string& name, const std::string& server)> run_helper;

  /// The process's own environment, files and helpers. Each helper is called once per server.
  static DockerConfig of_process();
};

struct DockerCredentials {
  std::string username;
  Secret password;
  Secret token;                       ///< an identity token, or one for direct use
  std::string key_path;               ///< the namespace that the entry is for: "team/app"; empty for the whole host
  std::vector<std::string> warnings;  ///< documents that could not be read, helpers that failed; no secrets in them
  bool found() const { return !username.empty() || !password.empty() || !token.empty(); }
};

/// The stored credentials for a registry host ("docker.io", "localhost:5000"), or for a namespace that contains `repository`: the longest
/// matching key of a document wins. A broken document is a warning, and the next one is used.
DockerCredentials find_credentials(const DockerConfig& config, std::string_view host, std::string_view repository = {});
/// Adds the found credentials to an endpoint that has none.
void apply(const DockerCredentials& credentials, Endpoint& endpoint);

}  // namespace landwaiter::registry
