// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/door.hpp"
#include "platform/http/http.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::platform {

class Metrics;

struct HttpServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the system chooses
  /// PEM files; both or neither. Without them the server uses plain HTTP. They are read again when they change.
  std::filesystem::path tls_certificate;
  std::filesystem::path tls_key;
  DoorConfig door;
  /// Without TLS, other addresses than those of loopback need this, or a trusted proxy: tokens would be read on the way.
  bool insecure_http = false;
  /// Logs each request, not only those that are refused.
  bool access_log = false;
  std::shared_ptr<Metrics> metrics;  ///< may be empty
  /// For the head of the first request, until one has a valid token: whoever says nothing holds a connection for no longer.
  std::chrono::milliseconds first_request_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds certificate_check_interval = std::chrono::seconds(10);
};

/// Whether a server may listen so. Errors: configuration.
Result<void> check_exposure(const HttpServerConfig& config);

/// A request that the application takes, with whatever it found out about it from its head.
class Admission {
 public:
  virtual ~Admission() = default;
  virtual std::uint64_t body_bytes_max() const = 0;
  /// The answer to the whole request. The server keeps the admission until the answer is sent.
  virtual boost::asio::awaitable<Response> handle(std::shared_ptr<Request> request) = 0;
  /// The answer could not be written.
  virtual void undelivered() {}
};

/// The application behind a server. Called on the io thread.
class HttpApplication {
 public:
  virtual ~HttpApplication() = default;

  /// Looks at the head, before any of the body is read, and either answers at once or takes the request. Says in the request who it is
  /// and which route it takes.
  struct Verdict {
    std::optional<Response> refusal;       ///< or a file, for which nobody needs to be known
    std::shared_ptr<Admission> admission;  ///< set when there is no refusal
  };
  virtual boost::asio::awaitable<Verdict> admit(std::shared_ptr<Request> head) = 0;
};

/// HTTP/1.1 with keep-alive, over TCP or TLS 1.2+. Connections, headers, bodies, the memory of all bodies together and every wait are
/// bounded (core/base/limits.hpp). Lives on the io thread.
class HttpServer {
 public:
  /// `application` must outlive the connections: that is, until the io_context is destroyed or wait_closed() completed.
  HttpServer(boost::asio::io_context& io, std::shared_ptr<HttpApplication> application);
  ~HttpServer();

  /// Binds, listens and starts to accept. Errors: configuration (certificate, address, plain HTTP to others), io (port in use).
  Result<void> start(const HttpServerConfig& config);
  std::uint16_t port() const;

  /// Listens also on a free port of loopback, without TLS, for a caller in this process: it reaches the server whatever that listens on,
  /// and nobody can stand between them. The port. Errors: io.
  Result<std::uint16_t> listen_inside();

  /// Reads certificate and key again; those in use stay if the new ones are no good, and the log says so.
  void reload_certificate();

  /// Stops accepting; idle connections close now, busy ones after their answer, all of them after `grace`.
  void stop(std::chrono::milliseconds grace);
  bool stopping() const;
  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace landwaiter::platform
