// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "registry/http/transport.hpp"

#include <compare>

namespace landwaiter::registry {

/// The target of a connection; connections are shared only between requests to the same origin. Within one transport, these fields
/// determine which certificates are sent and trusted.
struct Origin {
  bool tls = true;
  std::string host;
  std::string port;
  bool tls_verify = true;
  bool client_certificate = false;  ///< the user named the host, so the options' certificate may be sent to it
  std::string proxy;                ///< the proxy's name; empty for a direct connection
  bool foreign_host = false;        ///< see HttpRequest; checked when the name is resolved
  auto operator<=>(const Origin&) const = default;
  /// "host:port" or "host:port through http://proxy:3128", for people.
  std::string name() const { return host + ':' + port + (proxy.empty() ? "" : " through " + proxy); }
};

struct WireRequest {
  Secret head;               ///< request line and headers with the empty line; holds the credential
  std::string_view body;     ///< must live until exchange() has ended
  bool head_method = false;  ///< the answer has no body, whatever its headers say
  std::chrono::milliseconds idle_timeout{0};
  std::chrono::milliseconds answer_timeout{0};
};

struct WireResponse {
  int status = 0;
  std::vector<Header> headers;
  std::optional<std::uint64_t> content_length;
};

/// One TCP or TLS connection for HTTP/1.1, one exchange at a time. Errors as in Transport.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Awaitable<WireResponse> exchange(WireRequest request) = 0;
  /// The next part of the body of the last exchange, 0 at its end.
  virtual Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
  /// Whether the body has ended.
  virtual bool done() const = 0;
  /// Whether it can be used for another exchange.
  virtual bool reusable() const = 0;
  /// Whether the other side has closed it, or sent unexpected data, since its last exchange.
  virtual bool stale() = 0;
  /// Whether any byte of the last exchange's answer arrived.
  virtual bool received() const = 0;
};

}  // namespace landwaiter::registry
