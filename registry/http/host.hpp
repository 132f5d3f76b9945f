// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace landwaiter::registry {

/// A host name, IPv4 address or IPv6 address in brackets, with an optional port; no scheme, path or user information.
bool is_host(std::string_view host);

}  // namespace landwaiter::registry
