// SPDX-License-Identifier: Apache-2.0
#include "registry/http/proxy.hpp"

#include "core/base/bytes.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "registry/http/address.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>

namespace landwaiter::registry {
namespace {

namespace ip = boost::asio::ip;
namespace urls = boost::urls;

std::optional<unsigned> number_up_to(std::string_view text, unsigned maximum) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > maximum) return std::nullopt;
  return value;
}

std::optional<ip::address> strict_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

std::vector<std::uint8_t> bytes_of(ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

bool same_prefix(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b, unsigned bits) {
  if (a.size() != b.size()) return false;
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> (i % 8);
    if ((a[i / 8] & mask) != (b[i / 8] & mask)) return false;
  }
  return true;
}

/// Splits "host:port", "[::1]:port" and "[::1]"; a bare IPv6 address has no port. Nothing if the port is invalid.
std::optional<std::pair<std::string, std::string>> split_port(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') return std::nullopt;
  } else if (std::ranges::count(text, ':') == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
  }
  if (!port.empty()) {
    port.remove_prefix(1);
    if (port.empty() || !number_up_to(port, 65535)) return std::nullopt;
  }
  return std::pair(std::string(host), std::string(port));
}

Error bad_proxy(const std::string& why) { return Error(ErrorCode::invalid_argument, "not a usable proxy URL: " + why); }

/// The first of two variables that is set and not empty.
std::string first_set(const ProxyRules::Lookup& lookup, const char* lower, const char* upper, std::string& name) {
  for (const char* candidate : {lower, upper}) {
    auto value = lookup(candidate);
    if (!value || trim(*value).empty()) continue;
    name = candidate;
    return std::string(trim(*value));
  }
  return {};
}

Result<std::shared_ptr<const Proxy>> proxy_of_variables(const ProxyRules::Lookup& lookup, const char* lower, const char* upper) {
  std::string variable;
  const Secret url(first_set(lookup, lower, upper, variable));
  if (url.empty()) return std::shared_ptr<const Proxy>();
  auto proxy = Proxy::parse(url);
  if (!proxy) return proxy.error().with_context("environment variable " + variable);
  return std::shared_ptr<const Proxy>(std::make_shared<Proxy>(*std::move(proxy)));
}

}  // namespace

Result<Proxy> Proxy::parse(const Secret& url) {
  std::string text(trim(url.reveal()));
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  const auto view = urls::parse_uri(text);
  if (view.has_error()) return bad_proxy("it is not a URL such as http://proxy.example:3128");
  const std::string scheme = to_lower(std::string(view->scheme()));
  if (scheme != "http" && scheme != "https") return bad_proxy("only http and https proxies are supported, not " + quoted(scheme, 20));
  Proxy out;
  out.tls = scheme == "https";
  // Host and port by the URL rules, from a text without the user information.
  const auto place = HttpUrl::parse(scheme + "://" + std::string(view->encoded_host_and_port()));
  if (!place) return bad_proxy("it has no valid host and port");
  out.host = place->host;
  out.port = place->port;
  if (view->has_userinfo()) {
    std::string login = view->user() + ':' + view->password();
    std::string header = "Basic " + base64_encode(as_bytes(login));
    out.authorization = Secret(header);
    wipe(login);
    wipe(header);
  }
  wipe(text);
  return out;
}

std::string Proxy::name() const {
  HttpUrl url;
  url.tls = tls;
  url.host = host;
  url.port = port;
  return url.origin();
}

NoProxy::NoProxy(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(", \t\r\n"), list.size());
    add(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

void NoProxy::add(std::string_view entry) {
  if (entry.empty()) return;
  if (entry == "*") {
    everything_ = true;
    return;
  }
  const std::size_t slash = entry.find('/');
  if (slash != std::string_view::npos) {
    const auto address = strict_address(entry.substr(0, slash));
    if (!address) return;
    const auto bits = number_up_to(entry.substr(slash + 1), address->is_v4() ? 32 : 128);
    if (!bits) return;
    // A mapped network would have lost its first 96 bits.
    const bool mapped = address->is_v6() && address->to_v6().is_v4_mapped();
    if (mapped && *bits < 96) return;
    networks_.push_back({bytes_of(*address), mapped ? *bits - 96 : *bits, ""});
    return;
  }
  const auto parts = split_port(entry);
  if (!parts) return;
  auto [host, port] = *parts;
  if (const auto address = strict_address(host)) {
    std::vector<std::uint8_t> bytes = bytes_of(*address);
    const auto bits = static_cast<unsigned>(bytes.size() * 8);
    networks_.push_back({std::move(bytes), bits, port});
    return;
  }
  if (host.starts_with("*.")) host.erase(0, 1);
  Name name;
  name.only_below = host.starts_with('.');
  name.name = to_lower(without_root_dot(std::string_view(host).substr(name.only_below ? 1 : 0)));
  name.port = port;
  if (!name.name.empty()) names_.push_back(std::move(name));
}

bool NoProxy::covers_address(const ip::address& address, std::string_view port) const {
  const auto bytes = bytes_of(address);
  return std::ranges::any_of(networks_, [&](const Network& network) {
    return (network.port.empty() || network.port == port) && same_prefix(bytes, network.bytes, network.prefix_bits);
  });
}

bool NoProxy::covers(std::string_view host, std::string_view port) const {
  if (everything_) return true;
  const std::string name = to_lower(without_root_dot(host));
  if (const auto address = strict_address(name)) return covers_address(*address, port);
  return std::ranges::any_of(names_, [&](const Name& entry) {
    if (!entry.port.empty() && entry.port != port) return false;
    return (name == entry.name && !entry.only_below) || name.ends_with('.' + entry.name);
  });
}

Result<ProxyRules> ProxyRules::of_url(const Secret& url, std::string_view no_proxy) {
  auto proxy = Proxy::parse(url);
  if (!proxy) return proxy.error();
  ProxyRules out;
  out.http_ = out.https_ = std::make_shared<Proxy>(*std::move(proxy));
  out.no_proxy_ = NoProxy(no_proxy);
  out.loopback_ = true;
  return out;
}

Result<ProxyRules> ProxyRules::of_environment(const Lookup& lookup, std::optional<std::string> no_proxy) {
  ProxyRules out;
  auto http = proxy_of_variables(lookup, "http_proxy", "HTTP_PROXY");
  if (!http) return http.error();
  auto https = proxy_of_variables(lookup, "https_proxy", "HTTPS_PROXY");
  if (!https) return https.error();
  out.http_ = *http;
  out.https_ = *https;
  std::string variable;
  out.no_proxy_ = NoProxy(no_proxy ? *no_proxy : first_set(lookup, "no_proxy", "NO_PROXY", variable));
  return out;
}

std::shared_ptr<const Proxy> ProxyRules::for_url(const HttpUrl& url) const {
  const auto& proxy = url.tls ? https_ : http_;
  if (!proxy || (!loopback_ && is_loopback_host(url.host)) || no_proxy_.covers(url.host, url.port)) return nullptr;
  return proxy;
}

}  // namespace landwaiter::registry
