// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/os/seekable_file.hpp"
#include "daemon/commands/connection_options.hpp"
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

/// An image as the user named it, opened.
struct Target {
  std::string name;  ///< for reports: the same for one image, however its registry was spelled
  std::shared_ptr<registry::ImageSource> source;
  std::string reference;   ///< for ImageSource::manifest: a tag, a digest, or "" for the image that a local source was opened for
  std::string repository;  ///< empty for local sources
  std::string tag;
};

/// Opens registries and local images for a command; one client per registry, which shares tokens and connections.
class Connector {
 public:
  Connector(asio::any_io_executor executor, ConnectionOptions options, Environment environment, const Clock& clock);

  /// Takes archives that are sent once, through pipes and standard input, and keeps them for open(). Returns when they have ended.
  void receive(const std::vector<std::string>& images);
  /// docker://REF or REF, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME]; NAME may also be @DIGEST, and FILE "-".
  /// Error: invalid_argument, io.
  Result<Target> open(const std::string& image);
  /// Credentials from the options, otherwise from docker's config for that host (or for the namespace that contains `repository`),
  /// otherwise none.
  Result<std::shared_ptr<registry::Client>> client(const std::string& host, const std::string& repository = {});

  const std::shared_ptr<registry::Transport>& transport() const { return transport_; }
  /// Uses another transport for clients created from now on.
  void use(std::shared_ptr<registry::Transport> transport) { transport_ = std::move(transport); }

 private:
  using Stream = Result<std::shared_ptr<const SeekableFile>>;
  Result<Target> open_archive(const std::string& image, std::string_view prefix);
  Result<Target> open_remote(const std::string& image);
  registry::DockerCredentials look_up(const std::string& host, const std::string& repository);

  ConnectionOptions options_;
  registry::DockerConfig docker_config_;
  const Clock& clock_;
  std::optional<Error> broken_;  ///< the options of the connection
  std::shared_ptr<registry::Transport> transport_;
  std::map<std::string, std::shared_ptr<registry::Client>> clients_;  ///< by host, and by namespace if one has its own credentials
  std::set<std::string> warned_;
  std::map<std::string, Stream> streams_;  ///< by path
};

/// Whether the image is an archive that is read from standard input.
bool is_sent_to_us(const std::string& image);

}  // namespace landwaiter::daemon
