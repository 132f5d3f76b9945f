// SPDX-License-Identifier: Apache-2.0
#include "registry/http/address.hpp"

#include "core/base/text.hpp"
#include "core/os/host.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace landwaiter::registry {
namespace {

namespace ip = boost::asio::ip;
using enum AddressKind;

struct Prefix4 {
  std::array<std::uint8_t, 4> start;
  unsigned bits;
  AddressKind kind;
};

/// iana-ipv4-special-registry, and multicast. The first row that fits decides; no row: global.
constexpr std::array kPrefixes4{
    Prefix4{{0, 0, 0, 0}, 8, special},               // this network
    Prefix4{{10, 0, 0, 0}, 8, private_network},      // RFC 1918
    Prefix4{{100, 64, 0, 0}, 10, special},           // carriers' NAT; Alibaba's metadata at 100.100.100.200
    Prefix4{{127, 0, 0, 0}, 8, special},             // loopback
    Prefix4{{168, 63, 129, 16}, 32, special},        // Azure's own service for its machines
    Prefix4{{169, 254, 0, 0}, 16, special},          // link-local; most clouds' metadata
    Prefix4{{172, 16, 0, 0}, 12, private_network},   // RFC 1918
    Prefix4{{192, 0, 0, 0}, 24, special},            // protocol assignments; Oracle's old metadata
    Prefix4{{192, 0, 2, 0}, 24, special},            // documentation
    Prefix4{{192, 88, 99, 0}, 24, special},          // relays of 6to4
    Prefix4{{192, 168, 0, 0}, 16, private_network},  // RFC 1918
    Prefix4{{198, 18, 0, 0}, 15, special},           // benchmarks
    Prefix4{{198, 51, 100, 0}, 24, special},         // documentation
    Prefix4{{203, 0, 113, 0}, 24, special},          // documentation
    Prefix4{{224, 0, 0, 0}, 4, special},             // multicast
    Prefix4{{240, 0, 0, 0}, 4, special},             // reserved, and broadcast
};

/// What a row of IPv6 says: a kind, or where in the address the IPv4 address is that decides.
struct Prefix6 {
  std::array<std::uint8_t, 16> start;
  unsigned bits;
  AddressKind kind;
  std::size_t ipv4_at = 0;
};

/// iana-ipv6-special-registry within the addresses given out (2000::/3), and what else is known. The first row that fits decides. The last
/// one covers loopback, unspecified, link-local, site-local, multicast, 64:ff9b:1::/48, 100::/64, 5f00::/16 and addresses of the future.
constexpr std::array kPrefixes6{
    Prefix6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, special, 12},  // ::ffff:0:0/96, mapped
    Prefix6{{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, special, 12},        // ::ffff:0:0:0/96, translated (RFC 2765)
    Prefix6{{0x00, 0x64, 0xff, 0x9b}, 96, special, 12},                    // 64:ff9b::/96, NAT64
    Prefix6{{0x20, 0x02}, 16, special, 2},                                 // 2002::/16, 6to4
    Prefix6{{0x20, 0x01}, 23, special},                                    // 2001::/23, Teredo and others
    Prefix6{{0x20, 0x01, 0x0d, 0xb8}, 32, special},                        // 2001:db8::/32, documentation
    Prefix6{{0x3f, 0xff}, 20, special},                                    // 3fff::/20, documentation
    Prefix6{{0xfd, 0x00, 0x0e, 0xc2}, 32, special},                        // fd00:ec2::/32, AWS: metadata (::254), credentials (::23)
    Prefix6{{0xfd, 0x00, 0x00, 0xc1}, 32, special},                        // fd00:c1::/32, Oracle's metadata
    Prefix6{{0xfd, 0x20, 0x00, 0xce}, 32, special},                        // fd20:ce::/32, Google's metadata
    Prefix6{{0xfc}, 7, private_network},                                   // fc00::/7, unique local
    Prefix6{{0x20}, 3, global},                                            // 2000::/3
    Prefix6{{}, 0, special},
};

template <std::size_t N>
bool starts_with(const std::array<std::uint8_t, N>& address, const std::array<std::uint8_t, N>& start, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> (bits % 8));
  return bits % 8 == 0 || ((address.at(whole) ^ start.at(whole)) & mask) == 0;
}

AddressKind kind_of(const std::array<std::uint8_t, 4>& address) {
  for (const Prefix4& row : kPrefixes4) {
    if (starts_with(address, row.start, row.bits)) return row.kind;
  }
  return global;
}

AddressKind kind_of(const std::array<std::uint8_t, 16>& address) {
  const auto row = std::ranges::find_if(kPrefixes6, [&](const Prefix6& one) { return starts_with(address, one.start, one.bits); });
  if (row->ipv4_at == 0) return row->kind;
  std::array<std::uint8_t, 4> ipv4{};
  std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(row->ipv4_at), ipv4.size(), ipv4.begin());
  return kind_of(ipv4);
}

std::optional<ip::address> resolver_address(std::string_view host) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(host), error);
  if (!error) return address;
  // "127.1", "0x7f000001" and "2130706433" are the same host to a resolver.
  const auto number = ipv4_as_resolvers_read_it(std::string(host));
  if (!number) return std::nullopt;
  return ip::address_v4(*number);
}

}  // namespace

AddressKind address_kind(const ip::address& address) {
  if (address.is_v6()) return kind_of(address.to_v6().to_bytes());
  return kind_of(address.to_v4().to_bytes());
}

std::string_view without_root_dot(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool is_loopback_host(std::string_view host) {
  const std::string lower = to_lower(without_root_dot(host));
  if (lower == "localhost" || lower.ends_with(".localhost")) return true;
  const auto address = resolver_address(lower);
  if (!address) return false;
  if (address->is_v6() && address->to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address->to_v6()).is_loopback();
  return address->is_loopback();
}

AddressKind host_kind(std::string_view host) {
  if (is_loopback_host(host)) return special;
  const auto address = resolver_address(without_root_dot(host));
  return address ? address_kind(*address) : global;
}

}  // namespace landwaiter::registry
