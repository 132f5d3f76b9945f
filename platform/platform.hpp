// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"
#include "core/base/clock.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "platform/blobs/blob_place.hpp"
#include "platform/http/http_server.hpp"
#include "platform/store/tokens.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::platform {

struct PlatformConfig {
  /// Contains platform.db, unless `database` names another place, and, unless `master_key_file` names another place, master.key. Created
  /// with mode 0700 if missing.
  std::filesystem::path state_directory;
  HttpServerConfig http;
  /// Where metrics are served, without a token; nowhere if it is empty.
  std::optional<HttpServerConfig> metrics;
  std::filesystem::path master_key_file;
  /// postgresql://...; empty for SQLite in the state folder.
  Secret database;
  /// Leases go by PostgreSQL's time, so that processes on several machines agree; otherwise by the given clock's.
  bool database_time = true;
  std::chrono::seconds lease = limits::lease_default;
  /// An image job that one sensor holds for longer fails.
  std::chrono::seconds image_time_max = limits::image_time_max;
  /// What findings are judged by when they are shown.
  Policy policy = Policy::standard();
  std::shared_ptr<const Blocklist> blocklist;
  /// Where layer reports are kept.
  BlobOptions reports;
  /// For keys and proxies of a place outside.
  VariableLookup variables = [](const std::string&) { return std::nullopt; };
  /// How often to check for expired leases.
  std::chrono::milliseconds reap_interval{1000};
  /// How long stop() goes on to accept requests, so that a load balancer learns from /readyz that it should send no more.
  std::chrono::milliseconds stop_delay{0};
  /// How long stop() waits then for requests in progress.
  std::chrono::milliseconds stop_grace{5000};
};

/// The control plane: HTTP API, queue, findings, tokens, over SQLite or PostgreSQL. Requests are served on the io_context's thread (one
/// thread must run it), the database is used on threads of its own. Everything that was answered survives a kill at any moment. Of one
/// PostgreSQL database there may be several, also in several processes; of a state folder with SQLite, one. Lifetime: destroy it before the
/// io_context, while that is not running (or on its thread).
class Platform {
 public:
  /// Opens the state folder. Errors: io (folder, database; also a master key of another database), configuration.
  static Result<std::unique_ptr<Platform>> create(PlatformConfig config, const Clock& clock);
  ~Platform();

  /// Listens. Errors: io (port in use), configuration (address, certificate).
  Result<void> start(boost::asio::io_context& io);
  /// The port listened on; 0 before start().
  std::uint16_t port() const;
  /// The same for metrics; 0 if there is no such listener.
  std::uint16_t metrics_port() const;
  /// For people; without a password.
  const std::string& database_name() const;
  /// A port of loopback on which only this process is expected: see HttpServer::listen_inside(). After start().
  Result<std::uint16_t> listen_inside();
  /// Reads the TLS certificate and its key again.
  void reload();
  /// On the io thread. /readyz says no and long polls are answered at once; after `stop_delay` nothing more is accepted, and what is in
  /// progress gets `stop_grace`; then nothing is left to run.
  void stop();

 private:
  struct Impl;
  explicit Platform(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// A new token, valid immediately, also beside a platform that serves. `lifetime` empty: forever. Errors: not_found if no platform was
/// created there, configuration if its schema is not this program's: then nothing is changed.
Result<Secret> issue_token(const PlatformConfig& config, TokenKind kind, std::string_view name,
                           std::optional<std::chrono::seconds> lifetime, const Clock& clock);

}  // namespace landwaiter::platform
