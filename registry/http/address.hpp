// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>

#include <string_view>

namespace landwaiter::registry {

enum class AddressKind {
  global,
  private_network,  ///< RFC 1918 and unique local: companies run registries there
  special,          ///< this machine, its link, metadata services, multicast, documentation and all that IANA has not given out
};

/// By IANA's registries of special-purpose addresses. An IPv6 address that stands for an IPv4 address (mapped, translated, NAT64, 6to4)
/// is what that one is.
AddressKind address_kind(const boost::asio::ip::address& address);

/// A host name without the dot that makes it absolute ("example.com.").
std::string_view without_root_dot(std::string_view host);
/// "localhost", names below it, 127.0.0.0/8, ::1; `host` has neither port nor brackets.
bool is_loopback_host(std::string_view host);
/// The kind of a host written as an address, in any of the forms that a resolver reads ("127.1", "2130706433"). Of names only those of
/// loopback are known (special); all others are global until they are resolved.
AddressKind host_kind(std::string_view host);

}  // namespace landwaiter::registry
