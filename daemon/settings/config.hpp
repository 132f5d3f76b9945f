// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/base/secret.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// Looks up an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

/// Replaces each `${env:NAME}` in a configuration value. A name that is not set is an error: an empty password would fail later with a
/// misleading error.
Result<std::string> expand_environment(std::string_view text, const Environment& environment);

/// Network settings for registries or for the platform. transport_options() converts them.
struct NetworkSettings {
  std::string ca_file;           ///< PEM, trusted in addition to the system's CAs
  std::string client_cert_file;  ///< PEM, with its key: sent to hosts that require one
  std::string client_key_file;
  std::vector<std::string> certs_directories;       ///< like /etc/docker/certs.d, which is read as well
  Secret proxy;                                     ///< URL, which may contain a password; empty: from the environment
  std::string no_proxy;                             ///< empty: from the environment's NO_PROXY, unless a proxy is set here
  std::string limit_rate;                           ///< for all answers together, "10M"; empty: none
  std::string min_layer_rate;                       ///< floor of a layer's average rate, "64K"; "0": none; empty: the default
  std::size_t connections = 4;                      ///< to one host
  std::string foreign_private_addresses = "allow";  ///< or "deny": whether realms and redirects may lead to private networks
};

/// "48M", "1G": what one worker may use, in bytes; K, M and G are 1024 and its powers. Error: invalid_argument, also for less than
/// limits::reader_memory_bytes_least.
Result<std::uint64_t> parse_memory(std::string_view text);

/// `landwaiter sensor --config FILE` (YAML). Every scalar may contain `${env:NAME}`.
struct SensorConfig {
  std::string name;  ///< default: the host name
  std::filesystem::path state_directory = "/var/lib/landwaiter";
  std::size_t workers = 0;                                       ///< layers scanned at once; 0: one per core
  std::uint64_t memory_bytes = limits::reader_memory_bytes_max;  ///< for each worker
  std::size_t jobs = 4;                                          ///< jobs leased at once (1 to 20)
  std::chrono::seconds drain_timeout{60};                        ///< how long running jobs may finish after SIGTERM

  std::string platform_url;  ///< "https://platform.example:8443"
  NetworkSettings platform_network;
  bool platform_allow_plain_http = false;  ///< also off loopback, where others can read tokens and credentials on the way
  bool platform_tls_verify = true;
  Secret enrollment_token;                    ///< used once; SENSOR_TOKEN of the environment when empty
  std::vector<std::string> secret_variables;  ///< of the environment, whose values are in this configuration; see forget_variables

  NetworkSettings registry_network;

  bool try_passwords = true;  ///< open keystores with well-known passwords

  std::string log_level = "info";
  bool log_json = false;
};

/// Errors: configuration, naming the file, and the key and line if known. Unknown keys are errors, because they are mostly typing
/// mistakes.
Result<SensorConfig> load_sensor_config(const std::filesystem::path& file, const Environment& environment);

/// The content of a Keyfactor-style container-config.yml.
struct ContainerImport {
  std::string username;
  Secret password;
  Secret token;                               ///< takes precedence over username and password
  std::vector<std::string> secret_variables;  ///< as in SensorConfig
  std::vector<std::string> images;
};

/// Reads scan_config.config.container_import.plugin_config of a file as in the Container Sensor guide; JSON also works, since it is YAML.
/// Errors (all `configuration`): "CONFIG-404: Unable to read/parse configuration file ..." and "no container images were stated".
Result<ContainerImport> load_container_config(const std::filesystem::path& file, const Environment& environment);

}  // namespace landwaiter::daemon
