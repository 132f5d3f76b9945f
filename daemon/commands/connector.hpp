// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "daemon/commands/connection_options.hpp"
#include "daemon/commands/local_images.hpp"
#include "registry/auth/docker_config.hpp"
#include "registry/client/client.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::daemon {

/// Opens registries and local images for a command; one client per registry, which shares tokens and connections.
class Connector {
 public:
  Connector(asio::any_io_executor executor, ConnectionOptions options, Environment environment, const Clock& clock);

  /// As LocalImages::receive().
  void receive(const std::vector<std::string>& images) { local_.receive(images); }
  /// An image of any kind (image_name.hpp). Errors: invalid_argument, not_found, io, the sources'.
  Result<Target> open(const std::string& image);
  /// Credentials from the options, otherwise from docker's config for that host (or for the namespace that contains `repository`),
  /// otherwise none.
  Result<std::shared_ptr<registry::Client>> client(const std::string& host, const std::string& repository = {});

  const std::shared_ptr<registry::Transport>& transport() const { return transport_; }
  /// Uses another transport for clients created from now on.
  void use(std::shared_ptr<registry::Transport> transport) { transport_ = std::move(transport); }

 private:
  Result<Target> open_remote(const std::string& image);
  void tell(const std::string& warning);
  registry::DockerCredentials look_up(const std::string& host, const std::string& repository);

  ConnectionOptions options_;
  registry::DockerConfig docker_config_;
  const Clock& clock_;
  std::optional<Error> broken_;  ///< the options of the connection
  std::shared_ptr<registry::Transport> transport_;
  std::map<std::string, std::shared_ptr<registry::Client>> clients_;  ///< by host, and by namespace if one has its own credentials
  std::set<std::string> told_;
  LocalImages local_;
};

/// Whether the image is an archive that is read from standard input.
bool is_sent_to_us(const std::string& image);

}  // namespace landwaiter::daemon
