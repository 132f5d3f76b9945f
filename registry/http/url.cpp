// SPDX-License-Identifier: Apache-2.0
#include "registry/http/url.hpp"

#include "core/base/text.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace landwaiter::registry {
namespace {

namespace urls = boost::urls;

Error malformed(std::string_view text, std::string_view why) {
  // The query may contain a signature, so it stays out of the message.
  return Error(ErrorCode::malformed, "not a usable URL: " + landwaiter::quoted(text.substr(0, text.find('?'))) + ": " + std::string(why));
}

/// Nothing if it contains a control character.
std::optional<std::string> encode_illegal(std::string_view text) {
  constexpr std::string_view illegal = " \"<>\\^`{|}";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    if (byte >= 0x80 || illegal.find(c) != std::string_view::npos) {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

bool is_name_or_address(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
  });
}

std::optional<unsigned> port_of(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535) return std::nullopt;
  return value;
}

Result<HttpUrl> from_view(const urls::url_view& view, std::string_view text) {
  HttpUrl out;
  const std::string scheme = to_lower(std::string(view.scheme()));
  if (scheme != "http" && scheme != "https") return malformed(text, "only http and https are supported");
  out.tls = scheme == "https";
  if (view.has_userinfo()) return malformed(text.substr(text.find('@') + 1), "it contains user information");
  // Decoded: "%0d" in a host must not reach a header.
  out.host = to_lower(std::string(view.host_address()));
  if (!is_name_or_address(out.host)) return malformed(text, "it has no valid host");
  if (view.has_port() && !view.port().empty()) {
    const auto port = port_of(std::string(view.port()));
    if (!port) return malformed(text, "it has no valid port");
    out.port = std::to_string(*port);
  } else {
    out.port = out.tls ? "443" : "80";
  }
  out.target = std::string(view.encoded_path());
  if (out.target.empty()) out.target = "/";
  if (out.target.front() != '/') return malformed(text, "its path is relative");
  if (view.has_query()) out.target += '?' + std::string(view.encoded_query());
  return out;
}

}  // namespace

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  const auto encoded = encode_illegal(text);
  if (!encoded) return malformed(text, "it contains a control character");
  const auto view = urls::parse_uri(*encoded);
  if (view.has_error()) return malformed(text, "it is not an absolute URL");
  return from_view(*view, text);
}

Result<HttpUrl> HttpUrl::resolve(std::string_view reference) const {
  const auto encoded = encode_illegal(reference);
  if (!encoded) return malformed(reference, "it contains a control character");
  const auto relative = urls::parse_uri_reference(*encoded);
  if (relative.has_error()) return malformed(reference, "it is not a URL reference");
  const std::string base_text = str();
  const auto base = urls::parse_uri(base_text);
  if (base.has_error()) return malformed(reference, "its base is not a URL");
  urls::url resolved;
  if (urls::resolve(*base, *relative, resolved).has_error()) return malformed(reference, "it cannot be resolved");
  return from_view(resolved, reference);
}

Result<HttpUrl> HttpUrl::at(std::string_view target) const {
  if (!target.starts_with('/')) return malformed(target, "it is no path");
  return parse(origin() + std::string(target));
}

std::string HttpUrl::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  const std::string name = v6 ? '[' + host + ']' : host;
  return port == (tls ? "443" : "80") ? name : name + ':' + port;
}

std::string HttpUrl::origin() const { return (tls ? "https://" : "http://") + authority(); }
std::string HttpUrl::str() const { return origin() + target; }
std::string HttpUrl::display() const { return origin() + printable(path()); }

std::string percent_encoded(std::string_view text) { return urls::encode(text, urls::unreserved_chars); }

}  // namespace landwaiter::registry
