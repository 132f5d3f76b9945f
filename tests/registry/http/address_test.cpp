// SPDX-License-Identifier: Apache-2.0
#include "registry/http/address.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace landwaiter::registry;

namespace {

AddressKind kind(const std::string& text) { return address_kind(boost::asio::ip::make_address(text)); }

/// A prefix by its first and last address and its neighbors, which are of another kind.
struct Row {
  const char* before;
  const char* first;
  const char* last;
  const char* after;
};

void check_rows(const std::vector<Row>& rows, AddressKind inside, AddressKind outside) {
  for (const Row& row : rows) {
    INFO(row.first);
    CHECK(kind(row.first) == inside);
    CHECK(kind(row.last) == inside);
    if (row.before) CHECK(kind(row.before) == outside);
    if (row.after) CHECK(kind(row.after) == outside);
  }
}

}  // namespace

TEST_CASE("special IPv4 addresses are known to their boundaries", "[address]") {
  check_rows({{nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
              {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
              {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
              {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
              {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
              {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
              {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
              {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
              {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
              {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
              {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
              {"223.255.255.255", "224.0.0.0", "255.255.255.255", nullptr}},
             AddressKind::special, AddressKind::global);
  CHECK(kind("100.100.100.200") == AddressKind::special);
  CHECK(kind("192.0.0.192") == AddressKind::special);
}

TEST_CASE("private IPv4 networks are known to their boundaries", "[address]") {
  check_rows({{"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
              {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
              {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"}},
             AddressKind::private_network, AddressKind::global);
}

TEST_CASE("special IPv6 addresses are known to their boundaries", "[address]") {
  check_rows({{nullptr, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
              {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
              {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
              {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
              {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr}},
             AddressKind::special, AddressKind::global);
  for (const char* text : {"::1", "::7f00:1", "::a9fe:a9fe", "::8.8.8.8", "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                           "100::", "100::ffff:ffff:ffff:ffff", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::", "fe80::1",
                           "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                           "ff00::", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    INFO(text);
    CHECK(kind(text) == AddressKind::special);
  }
  CHECK(kind("fe80::1%1") == AddressKind::special);
}

TEST_CASE("unique local IPv6 addresses are private, except those of metadata services", "[address]") {
  check_rows({{"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"}},
             AddressKind::private_network, AddressKind::special);
  check_rows({{"fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff", "fd00:ec2::", "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff", "fd00:ec3::"},
              {"fd00:c0:ffff:ffff:ffff:ffff:ffff:ffff", "fd00:c1::", "fd00:c1:ffff:ffff:ffff:ffff:ffff:ffff", "fd00:c2::"},
              {"fd20:cd:ffff:ffff:ffff:ffff:ffff:ffff", "fd20:ce::", "fd20:ce:ffff:ffff:ffff:ffff:ffff:ffff", "fd20:cf::"}},
             AddressKind::special, AddressKind::private_network);
  CHECK(kind("fd00:ec2::254") == AddressKind::special);
}

TEST_CASE("an IPv6 address that stands for an IPv4 address is what that one is", "[address]") {
  for (const char* prefix : {"::ffff:", "::ffff:0:", "64:ff9b::"}) {
    INFO(prefix);
    CHECK(kind(prefix + std::string("8.8.8.8")) == AddressKind::global);
    CHECK(kind(prefix + std::string("10.0.0.1")) == AddressKind::private_network);
    for (const char* ipv4 : {"0.0.0.0", "127.0.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16"}) {
      CHECK(kind(prefix + std::string(ipv4)) == AddressKind::special);
    }
  }
  CHECK(kind("2002:808:808::1") == AddressKind::global);
  CHECK(kind("2002:a00:1::1") == AddressKind::private_network);
  CHECK(kind("2002:a9fe:a9fe::1") == AddressKind::special);
  CHECK(kind("2002:7f00:1::") == AddressKind::special);
}

TEST_CASE("hosts that lead to this machine are known as they are written", "[address]") {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "a.localhost"}) CHECK(is_loopback_host(host));
  for (const char* host : {"169.254.169.254", "0.0.0.0", "0.1.2.3", "fe80::1", "::", "::ffff:169.254.169.254", "2852039166"}) {
    INFO(host);
    CHECK(host_kind(host) == AddressKind::special);
    CHECK_FALSE(is_loopback_host(host));
  }
  for (const char* host : {"localhost.", "127.1", "0x7f000001", "2130706433"}) CHECK(host_kind(host) == AddressKind::special);
  for (const char* host : {"10.0.0.1", "192.168.1.1", "10.1"}) CHECK(host_kind(host) == AddressKind::private_network);
  for (const char* host : {"example.com", "127.0.0.1.example.com", "8.8.8.8"}) CHECK(host_kind(host) == AddressKind::global);
}
