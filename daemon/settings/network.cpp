// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/network.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/http/address.hpp"
#include "registry/http/url.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace landwaiter::daemon {
namespace {

Error invalid(const std::string& what) { return Error(ErrorCode::invalid_argument, what); }

/// The configured folders first, then the user's, then the machine's: the first client certificate wins.
std::vector<std::filesystem::path> certs_directories(const NetworkSettings& settings, const Environment& environment) {
  std::vector<std::filesystem::path> out(settings.certs_directories.begin(), settings.certs_directories.end());
  const std::filesystem::path home = environment("HOME").value_or("");
  if (home.is_absolute()) {
    out.push_back(home / ".config/containers/certs.d");
    out.push_back(home / ".docker/certs.d");
  }
  out.emplace_back("/etc/containers/certs.d");
  out.emplace_back("/etc/docker/certs.d");
  return out;
}

}  // namespace

Result<std::uint64_t> parse_rate(std::string_view text) {
  const std::string_view whole = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  const std::string suffix = to_lower(whole.substr(static_cast<std::size_t>(end - whole.data())));
  std::uint64_t unit = suffix.empty() ? 1 : 0;
  if (suffix == "k") unit = limits::KiB;
  if (suffix == "m") unit = limits::MiB;
  if (suffix == "g") unit = limits::GiB;
  if (error != std::errc() || unit == 0 || value == 0 || value > std::numeric_limits<std::uint64_t>::max() / limits::GiB) {
    return invalid("not a rate: " + landwaiter::quoted(text) + "; give bytes per second, such as 500K or 10M");
  }
  return value * unit;
}

Result<registry::TransportOptions> transport_options(const NetworkSettings& settings, const Environment& environment,
                                                     bool host_certificates) {
  if (settings.client_cert_file.empty() != settings.client_key_file.empty())
    return invalid("a client certificate needs its key: give both files");
  registry::TransportOptions out;
  out.tls.ca_file = settings.ca_file;
  out.tls.client_cert_file = settings.client_cert_file;
  out.tls.client_key_file = settings.client_key_file;
  if (host_certificates) out.tls.certs_directories = certs_directories(settings, environment);
  out.connections_per_host = settings.connections;
  const std::string& foreign = settings.foreign_private_addresses;
  if (foreign != "allow" && foreign != "deny") {
    return invalid("foreign_private_addresses must be allow or deny, not " + landwaiter::quoted(foreign));
  }
  out.deny_foreign_private = foreign == "deny";
  if (!settings.limit_rate.empty()) {
    auto rate = parse_rate(settings.limit_rate);
    if (!rate) return rate.error();
    out.bandwidth_bytes_per_s = *rate;
  }
  std::optional<std::string> no_proxy;
  if (!settings.no_proxy.empty()) no_proxy = settings.no_proxy;
  auto proxies = settings.proxy.empty() ? registry::ProxyRules::of_environment(environment, no_proxy)
                                        : registry::ProxyRules::of_url(settings.proxy, settings.no_proxy);
  if (!proxies) return proxies.error();
  out.proxies = *std::move(proxies);
  return out;
}

Result<RateFloor> rate_floor(const NetworkSettings& settings, std::size_t workers) {
  RateFloor floor;
  if (!settings.min_layer_rate.empty()) {
    const bool none = trim(settings.min_layer_rate) == "0";
    auto rate = none ? Result<std::uint64_t>(std::uint64_t{0}) : parse_rate(settings.min_layer_rate);
    if (!rate) return rate.error().with_context("min_layer_rate");
    floor.bytes_per_s = *rate;
  }
  if (settings.limit_rate.empty()) return floor;
  auto limit = parse_rate(settings.limit_rate);
  if (!limit) return limit.error();
  floor.bytes_per_s = std::min(floor.bytes_per_s, *limit / std::max<std::size_t>(workers, 1) / 2);
  return floor;
}

Result<void> check_platform_url(const std::string& url, bool allow_plain_http) {
  const auto parsed = registry::HttpUrl::parse(url);
  if (!parsed) return Error(ErrorCode::invalid_argument, "must be an address such as https://platform.example:8443");
  if (parsed->tls || allow_plain_http || registry::is_loopback_host(parsed->host)) return {};
  return Error(ErrorCode::invalid_argument, "is plain http: whoever is on the way to " + parsed->host +
                                                " could read and use this sensor's tokens; use https, or set platform.allow_plain_http: "
                                                "true if that network is protected by other means");
}

}  // namespace landwaiter::daemon
