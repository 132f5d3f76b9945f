// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/document_lane.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "registry/http/proxy.hpp"
#include "registry/http/throttle.hpp"
#include "registry/http/tls.hpp"
#include "registry/http/tls_facts.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// Header names are compared without case; the same name may appear several times.
struct Header {
  std::string name;
  std::string value;
};

/// A header whose value is never logged, and wiped after use.
struct SecretHeader {
  std::string name;
  Secret value;
};

/// One HTTP exchange with one host. Redirects are not followed here.
struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< absolute, http or https
  std::vector<Header> headers;
  std::vector<SecretHeader> secret_headers;  ///< Authorization and similar headers
  Secret body;
  std::chrono::milliseconds idle_timeout{0};    ///< 0: Timeouts::idle; a long poll needs more
  std::chrono::milliseconds answer_timeout{0};  ///< until all headers of the answer are here; 0: the idle timeout
  /// The host was named by another host's answer: refuse (malformed) to connect if it is or resolves to a special-purpose address (see
  /// AddressKind), or a private one if the options say so.
  bool foreign_host = false;
  /// The user's exception from TLS verification: the origin (HttpUrl::origin) whose certificate nobody checks. A request to any other
  /// origin is verified, so it may be set wherever an answer leads.
  std::string unverified_origin;
};

/// An answer whose headers are read and whose body is still on the wire. Destroying it before the end closes the connection;
/// after the end the connection is reused.
class HttpResponse {
 public:
  virtual ~HttpResponse() = default;
  virtual int status() const = 0;
  /// The first header of that name, in any case.
  virtual std::optional<std::string> header(std::string_view name) const = 0;
  virtual std::vector<std::string> headers(std::string_view name) const = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;
  /// The next part of the body, 0 at its end. An end before Content-Length is `unavailable`.
  virtual Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
};

/// The whole body if it is at most `bytes_max`, otherwise limit_exceeded.
Awaitable<std::string> read_body(HttpResponse& response, std::uint64_t bytes_max);

/// How long each step may take; see core/base/limits.hpp.
struct Timeouts {
  std::chrono::milliseconds resolve = limits::resolve_timeout;
  std::chrono::milliseconds connect = limits::connect_timeout;
  std::chrono::milliseconds tls_handshake = limits::tls_handshake_timeout;
  std::chrono::milliseconds idle = limits::idle_timeout;
  std::chrono::milliseconds slow_body_window = limits::slow_body_window;
  std::uint64_t slow_body_bytes = limits::slow_body_bytes;
};

struct TransportOptions {
  TlsOptions tls;
  ProxyRules proxies;
  std::uint64_t bandwidth_bytes_per_s = 0;  ///< for all bodies together; 0: no limit
  std::string user_agent = "landwaiter/" LANDWAITER_VERSION;
  std::size_t connections_per_host = limits::connections_per_host;
  Timeouts timeouts;
  bool deny_foreign_private = false;  ///< hosts that another host names may not be in private networks either
};

/// HTTP/1.1 over TCP and TLS 1.2+, directly or through an HTTP proxy, with a bounded pool of connections per host. Lives on one io
/// thread. Errors: tls, unavailable (not resolved, refused, reset), timeout, limit_exceeded (headers), malformed (not HTTP, or a
/// forbidden address), configuration (TLS files; a proxy that rejects us, with its name). Through a proxy, the proxy resolves
/// names, so `foreign_host` then only applies to hosts written as an address.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Awaitable<std::unique_ptr<HttpResponse>> send(HttpRequest request) = 0;
  /// What the last TLS handshake with an origin ("https://host:port", as HttpUrl::origin) showed; nothing if there was none.
  virtual std::optional<TlsFacts> tls_facts(const std::string& origin) const {
    (void)origin;
    return std::nullopt;
  }
  /// The user named this host: the options' client certificate may be sent to it, and to no other.
  virtual void show_client_certificate_to(const std::string& /*host*/, const std::string& /*port*/) {}
  /// Request limits per host, shared by all users of this transport.
  Throttle& throttle() { return throttle_; }

  /// For the documents that its answers carry.
  DocumentLane& documents() { return documents_; }

 private:
  Throttle throttle_;
  DocumentLane documents_;
};

std::shared_ptr<Transport> make_transport(boost::asio::any_io_executor executor, TransportOptions options);

}  // namespace landwaiter::registry
