// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/settings/config.hpp"
#include "registry/http/transport.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace landwaiter::daemon {

/// "1500000", "10M": bytes per second; K, M and G are 1024 and its powers. Error: invalid_argument.
Result<std::uint64_t> parse_rate(std::string_view text);

/// What the user says about the way to a host, made ready. An explicit proxy is used for all hosts that its no-proxy list does not
/// cover; without one the variables of the environment are. With `host_certificates` the folders certs.d of docker and of containers'
/// tools count, too. Error: invalid_argument, without secrets.
Result<registry::TransportOptions> transport_options(const NetworkSettings& settings, const Environment& environment,
                                                     bool host_certificates);

}  // namespace landwaiter::daemon
