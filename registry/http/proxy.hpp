// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "registry/http/url.hpp"

#include <boost/asio/ip/address.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::registry {

/// An HTTP proxy: CONNECT for https targets, requests with an absolute URL for http ones (RFC 9110 section 9.3.6, RFC 9112
/// section 3.2.2).
struct Proxy {
  bool tls = false;  ///< TLS to the proxy itself
  std::string host;
  std::string port;
  Secret authorization;  ///< the value of Proxy-Authorization; empty without user information

  /// "http://[user[:password]@]host[:port]"; the scheme may be missing (http). Error: invalid_argument, which does not hold the
  /// user information.
  static Result<Proxy> parse(const Secret& url);
  /// "http://host:port", for people.
  std::string name() const;
};

/// Which hosts are reached without a proxy. Entries are separated by commas or spaces: "*"; an address or a network ("10.0.0.0/8",
/// "fd00::/8"), for which names are not resolved; a name, which also means all names below it; ".name" or "*.name", which means only
/// those below; each except networks may end with ":port". Any other entry covers nothing.
class NoProxy {
 public:
  explicit NoProxy(std::string_view list = {});
  bool covers(std::string_view host, std::string_view port) const;

 private:
  struct Network {
    std::vector<std::uint8_t> bytes;  ///< 4 or 16
    unsigned prefix_bits = 0;
    std::string port;
  };
  struct Name {
    std::string name;
    bool only_below = false;
    std::string port;
  };
  void add(std::string_view entry);
  bool covers_address(const boost::asio::ip::address& address, std::string_view port) const;

  bool everything_ = false;
  std::vector<Network> networks_;
  std::vector<Name> names_;
};

/// Chooses the proxy for a URL. Without rules nothing is proxied. Value type.
class ProxyRules {
 public:
  ProxyRules() = default;
  /// The user's proxy is used for all hosts that `no_proxy` does not cover, including loopback. Error: invalid_argument.
  static Result<ProxyRules> of_url(const Secret& url, std::string_view no_proxy);
  /// HTTP_PROXY for http, HTTPS_PROXY for https, and NO_PROXY, each also in lower case, which takes precedence: the variables and rules
  /// of container tools. Loopback hosts are never proxied. ALL_PROXY is not read, as no container tool does. HTTP_PROXY is read, although
  /// CGI programs must not trust it: this is not a CGI program. `no_proxy`, if set, replaces NO_PROXY. Error: invalid_argument, naming
  /// the variable.
  using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
  static Result<ProxyRules> of_environment(const Lookup& lookup, std::optional<std::string> no_proxy);

  /// Null: connect directly.
  std::shared_ptr<const Proxy> for_url(const HttpUrl& url) const;

 private:
  std::shared_ptr<const Proxy> http_;
  std::shared_ptr<const Proxy> https_;
  NoProxy no_proxy_;
  bool loopback_ = false;  ///< also proxied
};

}  // namespace landwaiter::registry
