// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/http/connection.hpp"
#include "registry/http/proxy.hpp"
#include "registry/http/tls.hpp"
#include "registry/http/tls_facts.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::registry {

/// A proxy's 407 is a configuration error.
Error proxy_login_refused(const Proxy& proxy);

/// Opens connections: resolves, connects, asks a proxy for a tunnel, and starts TLS. Used from one thread; must outlive open().
class Dialer {
 public:
  explicit Dialer(const TransportOptions& options)
      : timeouts_(options.timeouts),
        user_agent_(options.user_agent),
        tls_(options.tls),
        deny_foreign_private_(options.deny_foreign_private) {}

  /// `proxy` is null for a direct connection. Errors as in Transport.
  Awaitable<std::unique_ptr<Connection>> open(Origin origin, std::shared_ptr<const Proxy> proxy);
  /// What the last handshake with an origin ("https://host:port", as HttpUrl::origin) showed; nothing if there was none.
  std::optional<TlsFacts> tls_facts(const std::string& origin) const;

 private:
  void remember(const Origin& origin, const ssl_st* connection);
  template <class Lower>
  Awaitable<std::unique_ptr<Connection>> finish(std::unique_ptr<Lower> lower, Origin origin);
  template <class Lower>
  Awaitable<std::unique_ptr<Connection>> finish_tunnel(std::unique_ptr<Lower> lower, Origin origin, std::shared_ptr<const Proxy> proxy);

  Timeouts timeouts_;
  std::string user_agent_;
  TlsContexts tls_;
  bool deny_foreign_private_;
  std::map<std::string, TlsFacts> tls_facts_;
};

}  // namespace landwaiter::registry
