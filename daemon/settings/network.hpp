// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/settings/config.hpp"
#include "registry/http/transport.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace landwaiter::daemon {

/// "1500000", "10M": bytes per second; K, M and G are 1024 and its powers. Error: invalid_argument.
Result<std::uint64_t> parse_rate(std::string_view text);

/// The user's network settings, converted for the transport. An explicit proxy is used for all hosts that its no-proxy list does not
/// cover; without one, the environment's variables apply. With `host_certificates`, the certs.d folders of docker and other container
/// tools are used as well. Error: invalid_argument, without secrets.
Result<registry::TransportOptions> transport_options(const NetworkSettings& settings, const Environment& environment,
                                                     bool host_certificates);

/// What a layer may cost of waiting for its registry: `grace`, and besides the time that its bytes take at this rate. A registry that sends
/// a byte now and then would hold a worker forever.
struct RateFloor {
  std::chrono::seconds grace{300};
  /// 2 Mbit/s, a slow line; 0: none.
  std::uint64_t bytes_per_s = 256 * 1024;
};

/// The user's floor. With a limit for all downloads, a layer is not asked for more than half of its worker's share of it. Error:
/// invalid_argument.
Result<RateFloor> rate_floor(const NetworkSettings& settings, std::size_t workers);

/// Tokens and credentials pass between sensor and platform: http only on loopback, or if `allow_plain_http`.
/// Error: invalid_argument.
Result<void> check_platform_url(const std::string& url, bool allow_plain_http);

}  // namespace landwaiter::daemon
