// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::platform {

struct HttpServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the system chooses
  /// PEM files; both or neither. Without them the server uses plain HTTP.
  std::filesystem::path tls_certificate;
  std::filesystem::path tls_key;
};

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

  /// Looks at the head, before any of the body is read, and either refuses the request or takes it.
  struct Verdict {
    std::optional<Response> refusal;
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

  /// Binds, listens and starts to accept. Errors: configuration (certificate, address), io (port in use).
  Result<void> start(const HttpServerConfig& config);
  std::uint16_t port() const;

  /// Stops accepting; idle connections close now, busy ones after their answer, all of them after `grace`.
  void stop(std::chrono::milliseconds grace);
  bool stopping() const;
  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace landwaiter::platform
