// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/process.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {

struct AccessLogLine {
  std::string method;
  std::string path;   ///< without the query
  std::string query;  ///< without '?', empty when there is none
  int status = 0;
  std::uint64_t bytes = 0;
};

struct DockerRegistryOptions {
  std::string username;  ///< with a password: htpasswd authentication for everything
  std::string password;
};

/// Debian's docker-registry on a free loopback port with a storage folder of its own. Ready when constructed, gone with all its
/// files when destroyed. Failing to start throws.
class DockerRegistry {
 public:
  explicit DockerRegistry(DockerRegistryOptions options = {});
  ~DockerRegistry();

  std::uint16_t port() const { return port_; }
  /// "localhost:PORT"
  std::string host() const { return "localhost:" + std::to_string(port_); }
  /// Where `docker/registry/v2/...` lies: tests damage blobs there.
  std::filesystem::path storage() const { return folder_ / "storage"; }
  std::filesystem::path blob_file(const std::string& digest) const;

  /// All requests answered since the start or the last mark_access_log().
  std::vector<AccessLogLine> access_log() const;
  void mark_access_log();

  void stop();
  /// After stop(), on the same port with the same content.
  void start();

 private:
  void write_config() const;
  bool ready() const;

  DockerRegistryOptions options_;
  TempDir folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
  std::size_t log_mark_ = 0;
};

}  // namespace landwaiter::test
