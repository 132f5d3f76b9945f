// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "registry/http/transport.hpp"

#include <compare>

namespace landwaiter::registry {

/// Whom a connection leads to; connections are shared only between requests of the same origin. The certificates that were shown and
/// trusted on it follow from these within one transport.
struct Origin {
  bool tls = true;
  std::string host;
  std::string port;
  bool tls_verify = true;
  bool client_certificate = false;  ///< the user named the host, so that it may be shown the options' certificate
  std::string proxy;                ///< its name; empty when it is reached directly
  bool no_local_address = false;    ///< refuse loopback, link-local and unspecified addresses once the name is resolved
  auto operator<=>(const Origin&) const = default;
  /// "host:port" or "host:port through http://proxy:3128", for people.
  std::string name() const { return host + ':' + port + (proxy.empty() ? "" : " through " + proxy); }
};

struct WireRequest {
  Secret head;               ///< request line and headers with the empty line; holds the credential
  std::string_view body;     ///< must live until exchange() has ended
  bool head_method = false;  ///< the answer has no body whatever its headers say
  std::chrono::milliseconds idle_timeout{0};
};

struct WireResponse {
  int status = 0;
  std::vector<Header> headers;
  std::optional<std::uint64_t> content_length;
};

/// One TCP or TLS connection that speaks HTTP/1.1, one exchange after the other. Errors as Transport says.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Awaitable<WireResponse> exchange(WireRequest request) = 0;
  /// The next part of the body of the last exchange, 0 at its end.
  virtual Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
  /// Whether the body has ended.
  virtual bool done() const = 0;
  /// Whether another exchange may follow on it.
  virtual bool reusable() const = 0;
  /// Whether the other side has closed it, or sent something unasked, since its last exchange.
  virtual bool stale() = 0;
  /// Whether any byte of the last exchange's answer came.
  virtual bool received() const = 0;
};

}  // namespace landwaiter::registry
